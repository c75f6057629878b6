//! The settings of the terminal, which a prompt changes that hides what is typed.

/// The settings as they were before a prompt. A signal ends the program amid the prompt: without these, the shell would not
/// show what is typed next.
#[cfg(unix)]
#[derive(Debug)]
pub struct Terminal {
    tty: std::fs::File,
    settings: rustix::termios::Termios,
}

#[cfg(unix)]
impl Terminal {
    /// Notes the settings; `None` if there is no terminal.
    pub fn remember() -> Option<Self> {
        let tty = std::fs::File::open("/dev/tty").ok()?;
        let settings = rustix::termios::tcgetattr(&tty).ok()?;
        Some(Self { tty, settings })
    }

    /// Puts them back. A terminal that is gone needs none.
    pub fn restore(&self) {
        let _ = rustix::termios::tcsetattr(&self.tty, rustix::termios::OptionalActions::Now, &self.settings);
    }
}

/// Nothing, where the system puts them back itself.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    /// Notes nothing.
    pub fn remember() -> Option<Self> {
        None
    }

    /// Does nothing.
    pub fn restore(&self) {}
}

//! A program on a terminal. `script` (util-linux) makes the terminal, and types what it reads.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Instant,
};

use crate::common::{DEADLINE, Running};

/// A running program that has a terminal.
pub(crate) struct Terminal {
    child: Running,
    keyboard: Option<ChildStdin>,
    screen: Receiver<Vec<u8>>,
    /// All that was shown.
    pub(crate) shown: String,
    /// Up to where [`wait_for`](Self::wait_for) has read.
    read: usize,
}

impl Terminal {
    /// Starts a command on a terminal; `None` where there is no `script`.
    pub(crate) fn start(command: &Command) -> Option<Self> {
        if !cfg!(target_os = "linux") || Command::new("script").arg("--version").output().is_err() {
            eprintln!("skipped: there is no `script` of util-linux");
            return None;
        }
        let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().expect("UTF-8").replace('\'', r"'\''"));
        let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).map(quoted).collect();
        let mut script = Command::new("script");
        script.arg("-qec").arg(format!("echo \"pid $$.\"; exec {}", words.join(" "))).arg("/dev/null");
        script.env("TERM", "dumb").env("SHELL", "/bin/sh").env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
        let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = Running(child.expect("there is `script`"));
        let (keyboard, mut out) = (child.0.stdin.take(), child.0.stdout.take().expect("a pipe"));
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, keyboard, screen, shown: String::new(), read: 0 })
    }

    /// Waits until a text is shown behind what was read so far, and returns what stands before it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let fresh = self.shown.get(self.read..).unwrap_or_default();
            if let Some(at) = fresh.find(text) {
                let before = fresh[..at].to_owned();
                self.read += at + text.len();
                return before;
            }
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                Err(error) => panic!("never shown: {text:?} ({error}), but {}", self.shown),
            }
        }
    }

    /// Returns the program's process id, which is shown first.
    pub(crate) fn pid(&mut self) -> u32 {
        self.wait_for("pid ");
        self.wait_for(".").parse().expect("a process id")
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.type_keys(&format!("{line}\n"));
    }

    /// Types a line that is not to be shown, once the program has switched that off: a prompt stands there before.
    pub(crate) fn type_hidden(&mut self, pid: u32, line: &str) {
        let end = Instant::now() + DEADLINE;
        let tty = fs::read_link(format!("/proc/{pid}/fd/0")).expect("it has a terminal");
        let is_hidden = || {
            let modes = Command::new("stty").arg("-F").arg(&tty).arg("-a").output().expect("there is `stty`");
            String::from_utf8_lossy(&modes.stdout).contains(" -echo ")
        };
        while !is_hidden() {
            assert!(Instant::now() < end, "what is typed is shown: {}", self.shown);
        }
        self.type_line(line);
    }

    /// Types keys.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("it is open until the end");
        keyboard.write_all(keys.as_bytes()).expect("`script` reads");
    }

    /// Waits for the end, and returns the exit code and all that was shown.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {}", self.shown),
            }
        }
        self.keyboard = None;
        (self.child.0.wait().expect("it was started here").code(), self.shown)
    }
}

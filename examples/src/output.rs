//! What a program prints: its results with `say!` on standard output, everything else with `tell!` on standard error.
//!
//! Neither panics. Standard error may be full or gone, and there is nobody left to tell that to. Once standard output
//! is gone, further results are left out, [`lost`] is ready, and the program ends in order.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
    sync::LazyLock,
};

use tokio::sync::watch;

/// Prints a result, formatted as with `println!`.
#[macro_export]
macro_rules! say {
    ($($line:tt)*) => { $crate::output::print_line(format_args!($($line)*)) };
}

/// Prints a line on standard error, formatted as with `eprintln!`.
#[macro_export]
macro_rules! tell {
    ($($line:tt)*) => { $crate::output::print_error(format_args!($($line)*)) };
}

/// Whether results can still be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    None,
    /// The reader has gone, as `| head` does. That is no error.
    Reader,
    /// Results could not be written, for example to a full disk.
    Failed,
}

static LOSS: LazyLock<watch::Sender<Loss>> = LazyLock::new(|| watch::channel(Loss::None).0);

/// Prints a line for `say!`.
pub fn print_line(line: impl Display) {
    if *LOSS.borrow() != Loss::None {
        return;
    }
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        let is_quiet = error.kind() == io::ErrorKind::BrokenPipe;
        LOSS.send_replace(if is_quiet { Loss::Reader } else { Loss::Failed });
        if !is_quiet {
            print_error(format_args!("error: cannot print: {error}"));
        }
    }
}

/// Prints a question on standard output, so that the answer stands behind it.
///
/// # Errors
/// If it cannot be printed.
pub fn print_question(question: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(question.as_bytes())?;
    out.flush()
}

/// Prints a line for `tell!`.
pub fn print_error(line: impl Display) {
    // the last place where a program can complain
    let _ = writeln!(io::stderr(), "{line}");
}

/// Waits until results can no longer be printed; for ever while they can.
pub async fn lost() {
    // the sender is never dropped
    let _ = LOSS.subscribe().wait_for(|loss| *loss != Loss::None).await;
}

/// Returns whether a result could not be printed, although its reader had not gone.
pub fn has_failed() -> bool {
    *LOSS.borrow() == Loss::Failed
}

/// Returns whether a progress bar can be shown: on a terminal that can move its cursor. `TERM=dumb` says that it cannot.
pub fn has_bars() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

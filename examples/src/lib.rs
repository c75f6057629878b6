//! Code that the example programs share: logs, signals, and exit codes.

use std::{
    env,
    error::Error,
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
    process::{self, ExitCode},
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::gave_up::GaveUp;

pub mod arguments;
pub mod block_row;
#[cfg(doctest)]
pub mod book;
pub mod cable;
pub mod catching_up;
pub mod classroom;
pub mod columns;
pub mod data;
pub mod describe;
pub mod export;
pub mod follow;
pub mod forks;
pub mod gave_up;
pub mod joining;
pub mod key_file;
pub mod lines;
pub mod look;
mod message_fields;
pub mod network_file;
pub mod pace;
pub mod paying;
pub mod retargeting;
pub mod view;
pub mod words;

/// Sends logs to standard error at the level that `RUST_LOG` sets; by default warnings and errors.
///
/// They are coloured on a terminal, unless `NO_COLOR` is set.
pub fn init_logs() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let colours = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(io::stderr).init();
}

/// Prints a line, formatted as with `println!`. Ends the program when the reader has gone, as with `| head`.
#[macro_export]
macro_rules! say {
    ($($line:tt)*) => { $crate::print_line(format_args!($($line)*)) };
}

/// Prints a line for [`say!`].
pub fn print_line(line: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        if !quiet {
            eprintln!("error: cannot print: {error}");
        }
        process::exit(i32::from(!quiet));
    }
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// If the system does not let the program listen for them.
pub async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Turns a program's result into its exit code: 0 for success, 3 for [`GaveUp`] and 1 for every other error. An error
/// is printed on standard error, in one line.
pub fn exit(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&*error));
            if error.is::<GaveUp>() { ExitCode::from(3) } else { ExitCode::FAILURE }
        }
    }
}

/// Returns an error and its causes in one line.
fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        source = cause.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Doctest of the Rust example in the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

//! Code that the example programs share: logs, signals, and exit codes.

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{gave_up::GaveUp, usage::Usage};
pub use crate::{
    output::print_line,
    signals::{interrupted, signalled},
};

pub mod arguments;
pub mod block_row;
#[cfg(doctest)]
pub mod book;
pub mod cable;
pub mod catching_up;
pub mod classroom;
pub mod client_names;
pub mod clock;
pub mod columns;
pub mod data;
pub mod describe;
pub mod export;
pub mod fees;
pub mod folder_lock;
pub mod follow;
pub mod forks;
pub mod gave_up;
pub mod header_lines;
pub mod history;
pub mod inspect;
pub mod joining;
pub mod light;
pub mod lines;
pub mod listening;
pub mod look;
pub mod mempool_rows;
pub mod mesh;
pub mod meshing;
mod message_fields;
pub mod names;
pub mod network_file;
pub mod node_name;
pub mod obstacles;
pub mod open_files;
pub mod output;
pub mod pace;
pub mod paying;
pub mod place;
pub mod present;
pub mod progress;
pub mod purse;
pub mod receipts;
pub mod relay_lines;
pub mod reorganisation;
pub mod retargeting;
pub mod signals;
pub mod snapshot;
pub mod status_line;
pub mod trouble;
pub mod usage;
pub mod view;
pub mod viewing;
pub mod waiting;
pub mod whole_file;
pub mod words;

/// Sends logs to standard error at the level that `RUST_LOG` sets; by default warnings and errors, of libp2p errors
/// alone: it warns of what is usual, such as a message that comes by two ways.
///
/// They are coloured on a terminal, unless `NO_COLOR` is set.
pub fn init_logs() {
    let filter = match env::var("RUST_LOG") {
        Ok(levels) if !levels.is_empty() => {
            EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(levels)
        }
        _ => EnvFilter::new("warn,libp2p=error"),
    };
    let colours = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
    // a log that cannot be written is lost; by default the subscriber complains with `eprintln!`, which panics
    let logs = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    logs.with_ansi(colours).with_writer(io::stderr).init();
}

/// Runs a program on a runtime with several threads, and returns its exit code ([`exit`]).
///
/// What still blocks a thread in the end is not waited for: it ends with the process.
pub fn run(program: impl Future<Output = Result<(), Box<dyn Error>>>) -> ExitCode {
    let started = signals::listen().and_then(|()| tokio::runtime::Runtime::new());
    exit(started.map_err(Into::into).and_then(|runtime| {
        let result = runtime.block_on(program);
        runtime.shutdown_background();
        result
    }))
}

/// Turns a program's result into its exit code: 0 for success, 2 for [`Usage`], 3 for [`GaveUp`] and 1 for every other
/// error. An error is printed on standard error, in one line. A program whose results could not be printed ends with 1
/// too, unless only their reader has gone.
pub fn exit(result: Result<(), Box<dyn Error>>) -> ExitCode {
    // work that was left behind may have begun one
    whole_file::abandon();
    match result {
        // the reason has been printed
        Ok(()) if output::has_failed() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell!("error: {}", one_line(&*error));
            ExitCode::from(code_of(&*error))
        }
    }
}

/// Returns the exit code of an error.
fn code_of(error: &(dyn Error + 'static)) -> u8 {
    match error {
        error if error.is::<Usage>() => 2,
        error if error.is::<GaveUp>() => 3,
        _ => 1,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_code_says_whether_asking_again_helps() {
        let refused: Box<dyn Error> = "not paid".into();
        let usage: Box<dyn Error> = Usage::new("no such account".into()).into();
        let offline: Box<dyn Error> = GaveUp::new("nobody answered".into()).into();
        assert_eq!([refused, usage, offline].map(|error| code_of(&*error)), [1, 2, 3]);
    }
}

//! What the programs share: logs, signals, and how they end.

use std::{error::Error, io, process::ExitCode};

use clap::ValueEnum;
use toycoin_core::ChainParams;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

pub mod classroom;
pub mod pace;
pub mod view;

/// The networks that programs can join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Network {
    /// A block every two seconds, and four classroom wallets with money.
    Lab,
    /// A block a minute, no money to begin with.
    Reference,
    /// For tests: every second hash is a block.
    Regtest,
}

impl Network {
    /// Returns its parameters.
    pub fn params(self) -> ChainParams {
        match self {
            Self::Lab => ChainParams::lab(),
            Self::Reference => ChainParams::reference(),
            Self::Regtest => ChainParams::regtest(),
        }
    }
}

/// Sends logs to standard error, as much of them as `RUST_LOG` says; warnings and errors without it.
pub fn init_logs() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
///
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

/// Turns a program's result into its exit code: 0, or 1 after one line on standard error that says why.
pub fn exit(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and what caused it, in one line.
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

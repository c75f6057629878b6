//! A light client beside a full node: what each fetches, and how long it takes, until it knows of a payment.
//!
//!     cargo run --release --example light
//!     cargo run --release --example light -- --blocks 10000
//!     cargo run --release --example light -- --sync-bytes 100000
//!
//! The first ones start a relay and two nodes that have a chain, and let two newcomers join over real sockets. The last
//! one proves a long chain in memory. Both end by themselves.

mod chain;
mod newcomers;
mod sync_bytes;
mod table;

use std::{error::Error, process::ExitCode};

use clap::Parser;
use toycoin_examples::{
    arguments::number,
    columns::wrap,
    init_logs, interrupted,
    look::{Colour, Look, LookArguments},
    say,
    words::grouped,
};

use crate::table::Table;

/// Shows what a light client fetches, beside a full node.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    /// Blocks of the chain that the newcomers join.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = number::<u64>(200..=20_000))]
    blocks: u64,
    /// Prove a chain of so many headers in memory instead, and print the proof's bytes and the time to verify it
    /// [default without a number: 100000].
    #[arg(
        long,
        value_name = "HEADERS",
        conflicts_with = "blocks",
        num_args = 0..=1,
        default_missing_value = "100000",
        value_parser = number::<u64>(200..=1_000_000)
    )]
    sync_bytes: Option<u64>,
    #[command(flatten)]
    look: LookArguments,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    toycoin_examples::run(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let look = arguments.look.look();
    tokio::select! {
        signal = interrupted() => signal?,
        shown = show(&arguments, look) => shown?,
    }
    Ok(())
}

async fn show(arguments: &Arguments, look: Look) -> Result<(), Box<dyn Error>> {
    if let Some(headers) = arguments.sync_bytes {
        // the chain is made on a thread of its own, so that a signal is heard
        let measured = tokio::task::spawn_blocking(move || sync_bytes::measure(headers)).await?;
        let measured = measured.map_err(|error| -> Box<dyn Error> { error.into() })?;
        say!("{}", look.paint(Colour::Heading, &format!("A proof for a chain of {} headers", grouped(headers))));
        measured.lines().iter().for_each(|line| say!("{line}"));
        return Ok(());
    }
    let blocks = arguments.blocks;
    let made = tokio::task::spawn_blocking(move || chain::Made::of(blocks)).await?;
    let made = made.map_err(|error| -> Box<dyn Error> { error.into() })?;
    say!("{}", look.paint(Colour::Heading, &format!("A chain of {} blocks, and two who join it", grouped(blocks))));
    let table = Table::of(newcomers::join(made).await?);
    table.lines(look).iter().for_each(|line| say!("{line}"));
    let prose = "The full node checked every block. The light client checked a proof of the work behind the tip, and \
                 found the payment by filters, which two nodes gave alike. Its receipt is what `wallet prove` writes.";
    say!("");
    wrap("", prose).iter().for_each(|line| say!("{line}"));
    Ok(())
}

//! A whole network in one process, over real sockets: a relay, three mining nodes and an oracle. One of the miners is
//! slow. The oracle's node observes the blocks. The oracle pays between the classroom wallets and waits for each
//! confirmation.
//!
//!     cargo run --release --example network
//!     cargo run --release --example network -- --nodes 4 --blocks 50 --payments 20
//!
//! It ends by itself. The exit code is 0 only if all nodes agree on a tip and the supply adds up.

mod run;
mod summary;

use std::{error::Error, path::PathBuf, process::ExitCode, sync::Arc};

use clap::Parser;
use toycoin_examples::{board::Board, exit, export::ExportFile, init_logs, interrupted, say};

use crate::run::Network;

/// Runs a network and shows what happens.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Number of mining nodes; the last one is slow.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=32))]
    nodes: u32,
    /// Number of blocks to wait for.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    blocks: u64,
    /// Number of payments to wait for.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    payments: u64,
    /// Seed from which wallets and amounts are drawn.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the chain to this file at the end, as lines of JSON.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    exit(run(&arguments))
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let export = arguments.export.as_deref().map(ExportFile::open).transpose()?;
    let board = Arc::new(Board::new(arguments.blocks, arguments.payments));
    tokio::select! {
        signal = interrupted() => {
            signal?;
            board.clear();
            say!("stopped");
            Ok(())
        }
        result = network(arguments, &board, export) => {
            board.clear();
            result
        }
    }
}

async fn network(arguments: &Arguments, board: &Arc<Board>, export: Option<ExportFile>) -> Result<(), Box<dyn Error>> {
    let network = Network::start(arguments.nodes, arguments.blocks, board).await?;
    let confirmed = network.pay(arguments.payments, arguments.seed).await?;
    network.wait_for_height(arguments.blocks).await?;
    let agreed = network.settle().await?;
    board.clear();
    let holds = summary::print(&network, board.sight(), (confirmed, arguments.payments), agreed).await?;
    let exported = match export {
        Some(export) => Some(export.write(network.oracle()).await),
        None => None,
    };
    network.shutdown().await?;
    if let Some(blocks) = exported.transpose()? {
        say!("export    {blocks} blocks");
    }
    match (agreed, holds) {
        (true, true) => Ok(()),
        (false, _) => Err("the nodes do not agree on a tip".into()),
        (true, false) => Err("the supply does not add up".into()),
    }
}

//! A whole network in one process, over real sockets, as a story in acts: one chain, a fork, a cheat, and a coin that
//! is spent twice. Alice, Bob, Carol and Dave pay each other all the while.
//!
//!     cargo run --release --example network
//!     cargo run --release --example network -- --acts 2,3
//!     cargo run --release --example network -- --plain --acts 1 --blocks 50 --nodes 4
//!     cargo run --release --features p2p --example network -- --p2p
//!
//! Everything that is shown has happened on the nodes. It takes about a minute and ends by itself. The exit code is 0
//! only if all nodes agree on a tip, the money adds up, and what the acts claim has happened.

mod act;
mod cheat;
mod double_spend;
mod ending;
mod fork;
mod mallory;
mod network;
mod page;
mod people;
mod story;
mod wires;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Parser, error::ErrorKind};
use toycoin_examples::{
    arguments::number, exit, export::ExportFile, init_logs, interrupted, look::LookArguments, say, usage::refuse,
};

use crate::{
    act::Act,
    network::{LAB_SPACING_MS, Network},
    page::Page,
    people::People,
    story::Story,
    wires::Wires,
};

/// Blocks for each act, unless `--blocks` says how many there are.
const BLOCKS_PER_ACT: u64 = 7;

/// Runs a network and tells what happens, in acts.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    /// Acts to play, such as 1,3: 1 one chain, 2 a fork, 3 a cheat, 4 one coin spent twice [default: all].
    #[arg(long, value_name = "LIST", value_enum, hide_possible_values = true, value_delimiter = ',')]
    acts: Vec<Act>,
    /// Number of mining nodes; acts 2 and 4 need 2.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = number::<u32>(1..=32))]
    nodes: u32,
    /// Connect the nodes to each other, without a relay and without act 3 (built with --features p2p).
    #[arg(long)]
    p2p: bool,
    /// Number of blocks to wait for, shared among the acts [default: 7 for each act].
    #[arg(long, value_name = "N", value_parser = number::<u64>(..=1_000_000))]
    blocks: Option<u64>,
    /// Number of confirmed payments to wait for.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = number::<u64>(..=1_000_000))]
    payments: u64,
    /// Target block spacing in milliseconds; another one than 2000 makes a network of its own.
    #[arg(long, value_name = "MS", default_value_t = LAB_SPACING_MS, value_parser = number::<u64>(50..=60_000))]
    spacing: u64,
    /// Seed from which payers and amounts are drawn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<u64>(..))]
    seed: u64,
    /// Write the chain to this file at the end, as lines of JSON.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    #[command(flatten)]
    look: LookArguments,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    let goes = |act: &Act| act.goes_without_relay() || !arguments.p2p;
    if arguments.acts.is_empty() {
        let fits = |act: &Act| act.fewest_nodes() <= arguments.nodes && goes(act);
        arguments.acts = Act::ALL.into_iter().filter(fits).collect();
    }
    if let Some(act) = arguments.acts.iter().find(|act| !goes(act)) {
        let text = format!("act {} needs a relay: leave out --p2p", act.number());
        refuse::<Arguments>(ErrorKind::ValueValidation, text);
    }
    if let Some(act) = arguments.acts.iter().find(|act| act.fewest_nodes() > arguments.nodes) {
        let (number, fewest) = (act.number(), act.fewest_nodes());
        let text = format!("act {number} needs {fewest} nodes or more: --nodes {fewest}");
        refuse::<Arguments>(ErrorKind::ValueValidation, text);
    }
    init_logs();
    exit(run(&arguments))
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let export = arguments.export.as_deref().map(ExportFile::open).transpose()?;
    let blocks = arguments.blocks.unwrap_or_else(|| BLOCKS_PER_ACT * arguments.acts.len() as u64);
    let page = Page::new(arguments.look.look(), blocks);
    tokio::select! {
        signal = interrupted() => {
            page.clear();
            signal?;
            say!("stopped");
            Ok(())
        }
        result = play(arguments, blocks, &page, export) => {
            page.clear();
            result
        }
    }
}

/// Plays the acts and tells the end.
async fn play(
    arguments: &Arguments,
    blocks: u64,
    page: &Page,
    export: Option<ExportFile>,
) -> Result<(), Box<dyn Error>> {
    let params = network::params(arguments.spacing)?;
    let miners = usize::try_from(arguments.nodes)?;
    let wires = if arguments.p2p { Wires::mesh(&params)? } else { Wires::relay(miners).await? };
    let network = Network::start(miners, &params, wires).await?;
    let mut story = Story::begin(page, network, People::new(params, arguments.seed)).await?;
    act::play_all(&mut story, &arguments.acts, blocks, arguments.payments).await?;
    page.clear();
    let told = ending::tell(&story).await;
    let exported = match export {
        Some(export) => Some(export.write(story.network.watcher()).await),
        None => None,
    };
    story.network.shutdown().await?;
    if let Some(blocks) = exported.transpose()? {
        say!("export    {blocks} blocks");
    }
    told
}

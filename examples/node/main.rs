//! A full node that mines. Run each in its own terminal.
//!
//!     cargo run --release --example relay
//!     cargo run --release --example node
//!     cargo run --release --example node -- --delay 5000
//!     cargo run --release --example node -- --data chain
//!     cargo run --release --example node -- --data chain --snapshot
//!     cargo run --release --example node -- --data chain --prune
//!
//! Two nodes without a relay, of which the second one dials the first:
//!
//!     cargo run --release --features p2p --example node -- --p2p
//!     cargo run --release --features p2p --example node -- --peer /ip4/127.0.0.1/tcp/25001
//!
//! It validates everything, catches up with the chain of most work (initial block download), and mines. Stop it with
//! Ctrl-C. `RUST_LOG=toycoin_node=debug` shows what it receives.
//!
//! A row of its table is a block: on which other one it stands, how much work it took (bits: log2 of the expected
//! hashes), how many payments it holds, who mined it, and how long after the last one it came.

mod show;

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::time::timeout;
use toycoin_core::{Address, FeeRate, SecretKey};
use toycoin_examples::{
    arguments::{NetworkChoice, number, relay_address},
    block_row::short,
    data,
    export::ExportFile,
    init_logs, interrupted,
    look::LookArguments,
    meshing::{Carrier, MeshArguments},
    node_name::NodeName,
    pace::{default_threads, throttle_for},
    present,
    purse::Purse,
    say, snapshot,
    view::View,
    viewing::ViewArguments,
    words::count,
};
use toycoin_node::{ExportError, NodeBuilder, SnapshotSync, Validation, protocol::Status};
use toycoin_wire::Channel;

use crate::show::Show;

/// Address of the relay that a node uses unless it is told another, or none.
const RELAY: &str = "127.0.0.1:25000";

/// Longest time to wait for the last height of a node that ends.
const ANSWER: Duration = Duration::from_millis(500);

/// Runs a full node: validates, catches up, and mines.
#[derive(Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    /// Address of a relay; repeat it for more relays [default: 127.0.0.1:25000, without --no-relay and --p2p].
    #[arg(long, value_name = "ADDR", value_parser = relay_address)]
    relay: Vec<String>,
    #[command(flatten)]
    mesh: MeshArguments,
    /// The channel on which peers meet.
    #[arg(long, value_name = "NAME", default_value = "/topic/main")]
    channel: Channel,
    #[command(flatten)]
    network: NetworkChoice,
    /// Name in its blocks, for its relay and in the lines of others; by default six digits of its payout. Tables
    /// show its first 7 characters.
    #[arg(long, value_name = "NAME")]
    name: Option<NodeName>,
    /// Keep the chain in this directory; without it, in memory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Begin with a snapshot of the UTXO set instead of all blocks, if the directory has no chain yet: with --data.
    /// Balances are assumed then.
    #[arg(long, requires = "data", conflicts_with_all = ["check", "reindex"])]
    snapshot: bool,
    /// Delete old blocks at the start, if that frees a quarter of their file or more: with --data. The last 2,336
    /// blocks stay, at least. Nobody gets the others from this node, and --reindex cannot rebuild its chain.
    #[arg(long, requires = "data", conflicts_with_all = ["check", "reindex"])]
    prune: bool,
    /// Mine (the default).
    #[arg(long, overrides_with = "no_mine")]
    mine: bool,
    /// Do not mine.
    #[arg(long)]
    no_mine: bool,
    /// Number of miner threads; by default one less than the cores.
    #[arg(long, value_name = "N", value_parser = number::<u16>(1..=1024))]
    threads: Option<u16>,
    /// Share of the time in which the miner threads work; by default 100, but on lab so much that a new network, whose
    /// difficulty is low, finds about one block in 2 s.
    #[arg(long, value_name = "PERCENT", value_parser = number::<u32>(1..=100))]
    throttle: Option<u32>,
    /// Check the stored chain, report, and exit (with --data).
    #[arg(long, requires = "data")]
    check: bool,
    /// Rebuild the stored chain from its blocks, report, and exit (with --data).
    #[arg(long, requires = "data")]
    reindex: bool,
    /// Wait this many milliseconds before publishing a mined block: a slow node.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = number::<u64>(..=600_000))]
    delay: u64,
    /// Address that receives block rewards; by default a new key, lost at the end.
    #[arg(long, value_name = "ADDRESS")]
    payout: Option<Address>,
    /// The lowest fee rate that the mempool accepts.
    #[arg(long, value_name = "GRAINS_PER_BYTE", value_parser = number::<u64>(..))]
    min_fee_rate: Option<u64>,
    /// End at this height.
    #[arg(long, value_name = "N", value_parser = number::<u64>(..))]
    until_height: Option<u64>,
    /// Write the chain to this file at the end, as lines of JSON.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    #[command(flatten)]
    look: LookArguments,
    #[command(flatten)]
    view: ViewArguments,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    toycoin_examples::run(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    arguments.view.check("node")?;
    arguments.mesh.check("node")?;
    let params = arguments.network.params()?;
    let export = arguments.export.as_deref().map(ExportFile::open).transpose()?;
    if let Some(directory) = &arguments.data {
        if arguments.reindex {
            data::rebuild(directory, &params).await?;
        }
        if arguments.check {
            data::check(directory, &params).await?;
        }
        if arguments.check || arguments.reindex {
            return match export {
                Some(export) => data::export(directory, &params, export).await,
                None => Ok(()),
            };
        }
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let payout = match arguments.payout {
        Some(address) => address.require(params.spec().address_prefix)?.owner(),
        None => SecretKey::from_bytes(&random)?.public_key(),
    };
    let name = arguments.name.unwrap_or_else(|| NodeName::of(&payout));
    let threads = arguments.threads.map_or_else(default_threads, usize::from);
    let throttle = match arguments.throttle {
        Some(percent) => percent,
        // at full speed its first hundred blocks, which are easy, would come at once and fork
        None if params.spec().name == "lab" && !arguments.no_mine => throttle_for(&params, u32::try_from(threads)?),
        None => 100,
    };
    let mut builder = NodeBuilder::new(params.clone())
        .threads(threads)
        .channel(arguments.channel.clone())
        .throttle(throttle)
        .agent(name.to_string())
        .extra(name.to_string())
        .block_delay(Duration::from_millis(arguments.delay));
    let relays = arguments.mesh.relays(arguments.relay, RELAY);
    for relay in &relays {
        builder = builder.relay(relay);
    }
    if !arguments.no_mine {
        builder = builder.mine_to(payout);
    }
    if let Some(rate) = arguments.min_fee_rate {
        builder = builder.min_fee_rate(FeeRate::grains_per_byte(rate));
    }
    let (mesh, agent) = (&arguments.mesh, name.to_string());
    let spawning = async {
        let Some(directory) = &arguments.data else {
            let (builder, carrier) = mesh.join(builder, &params, &agent, None).await?;
            return Ok::<_, Box<dyn Error>>(Some((builder.spawn().await?, carrier)));
        };
        if arguments.snapshot && snapshot::is_needed(directory) {
            let mut sync = SnapshotSync::new(params.clone()).channel(arguments.channel.clone()).agent(&agent);
            for relay in &relays {
                sync = sync.relay(relay);
            }
            let carrier = match mesh.port(&params, &agent, Some(directory)).await? {
                Some((port, carrier)) => {
                    sync = sync.mesh(port);
                    Some(carrier)
                }
                None => None,
            };
            snapshot::begin(sync, directory).await?;
            // the node has a carrier of its own
            if let Some(carrier) = carrier {
                carrier.shutdown().await;
            }
        }
        let Some(store) = data::open(directory, &params, arguments.prune).await? else { return Ok(None) };
        let (builder, carrier) = mesh.join(builder.store(store), &params, &agent, Some(directory)).await?;
        Ok(Some((builder.spawn().await?, carrier)))
    };
    let node = tokio::select! {
        signal = interrupted() => signal.map(|()| None)?,
        node = spawning => node?,
    };
    let Some((node, carrier)) = node else {
        say!("{name} stopped while it started");
        return Ok(());
    };
    // subscribed before anything is printed, so that no later event is missed
    let events = node.events();
    let Status { tip, assumed, first_block, .. } = node.status().await?;
    if export.is_some() && first_block > 0 {
        return Err(ExportError::Incomplete { first: first_block }.into());
    }
    say!("{name} on {}, at height {}, tip {}", params.spec().name, tip.height, short(tip.hash));
    if let Some(height) = assumed {
        say!("  it began with a snapshot: balances are assumed up to height {height}");
    }
    let mut validation = match (&arguments.data, assumed) {
        (Some(directory), Some(_)) if !relays.is_empty() => {
            let second = NodeBuilder::new(params.clone()).channel(arguments.channel.clone()).agent(name.to_string());
            let second = relays.iter().fold(second, |second, relay| second.relay(relay));
            Validation::begin(second, directory, &node).await?
        }
        _ => None,
    };
    if !arguments.no_mine {
        say!("  its blocks pay {}", params.address(payout));
    }
    carrier.iter().flat_map(Carrier::lines).for_each(|line| say!("  {line}"));
    // dropped at the end, and its page with it
    #[cfg(feature = "view")]
    let _page = match arguments.view.view {
        Some(_) => arguments.view.serve(toycoin_view::stage::Nodes::watch(vec![node.clone()]).await?, None).await?,
        None => None,
    };
    let look = arguments.look.look();
    let mut view = View::new(look, payout);
    if arguments.payout.is_some() {
        view = view.with_purse(Purse::open(payout, &node).await?);
    }
    let mut show = Show::new(&node, view, look);
    if carrier.is_some() {
        show = show.with_mesh(arguments.mesh.peer);
    }
    tokio::select! {
        signal = interrupted() => signal?,
        result = show.until(events, arguments.until_height) => result?,
        result = snapshot::validate(validation.as_mut()) => match result? {},
    }
    if let Some(export) = export {
        // the exported chain must not change meanwhile
        node.set_mining(false).await?;
        say!("{} exported", count(export.write(&node).await?, "block"));
    }
    // under a flood the answer may wait behind it, but the end does not
    let height = match timeout(ANSWER, node.status()).await {
        Ok(status) => format!(" at height {}", status?.tip.height),
        Err(_) => String::new(),
    };
    let rate = node.hash_rate();
    if let Some(carrier) = carrier {
        carrier.shutdown().await;
    }
    if let Some(validation) = validation {
        validation.shutdown().await?;
    }
    node.shutdown().await?;
    let rate = if rate < 1.0 { String::new() } else { format!(", {}", present::hashes(rate)) };
    say!("{name} stopped{height}{rate}");
    Ok(())
}

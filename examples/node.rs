//! A full node that mines, one a terminal.
//!
//!     cargo run --release --example relay
//!     cargo run --release --example node
//!     cargo run --release --example node -- --delay 5000
//!
//! It validates everything, catches up with whoever has more work, and mines. Stop it with Ctrl-C. `RUST_LOG=toycoin_node=debug`
//! shows what it hears.

#![allow(clippy::print_stdout, reason = "what a program prints is its result")]

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::sync::broadcast::error::RecvError;
use toycoin_core::{Address, FeeRate, SecretKey};
use toycoin_examples::{Network, exit, init_logs, interrupted, view::View};
use toycoin_node::{protocol::Event, rt::NodeBuilder};
use toycoin_wire::Channel;

/// Validates, catches up, and mines.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A relay to connect to; again for more.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000")]
    relay: Vec<String>,
    /// The channel on which peers meet.
    #[arg(long, value_name = "NAME", default_value = "/topic/main")]
    channel: Channel,
    /// The network.
    #[arg(long, value_enum, default_value = "lab")]
    network: Network,
    /// Keep the chain in this directory (arrives with the durable store).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Mine; the default.
    #[arg(long, overrides_with = "no_mine")]
    mine: bool,
    /// Do not mine.
    #[arg(long)]
    no_mine: bool,
    /// Miner threads; by default one less than the cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How much of the time the miner threads work.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    throttle: u32,
    /// Check the stored chain, report, and exit (with --data).
    #[arg(long, requires = "data")]
    check: bool,
    /// Rebuild the stored chain from its blocks, report, and exit (with --data).
    #[arg(long, requires = "data")]
    reindex: bool,
    /// Wait this many milliseconds before handing out a block: a slow node.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Who is paid for blocks; by default a key that is drawn at the start and forgotten at the end.
    #[arg(long, value_name = "ADDRESS")]
    payout: Option<Address>,
    /// The lowest fee rate taken.
    #[arg(long, value_name = "GRAINS_PER_BYTE")]
    min_fee_rate: Option<u64>,
    /// End at this height.
    #[arg(long, value_name = "N")]
    until_height: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    exit(run(arguments))
}

#[tokio::main]
async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.data.is_some() {
        return Err(
            "--data, --check and --reindex arrive with the durable store; without them the chain is in memory".into()
        );
    }
    let params = arguments.network.params();
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let payout = match arguments.payout {
        Some(address) => address.require(params.spec().address_prefix)?.owner(),
        None => SecretKey::from_bytes(&random)?.public_key(),
    };
    let name: String = payout.to_string().chars().take(8).collect();
    let mut builder = NodeBuilder::new(params.clone())
        .channel(arguments.channel)
        .throttle(arguments.throttle)
        .extra(format!("node {name}"))
        .block_delay(Duration::from_millis(arguments.delay));
    for relay in arguments.relay {
        builder = builder.relay(relay);
    }
    if !arguments.no_mine {
        builder = builder.mine_to(payout);
    }
    if let Some(threads) = arguments.threads {
        builder = builder.threads(usize::from(threads));
    }
    if let Some(rate) = arguments.min_fee_rate {
        builder = builder.min_fee_rate(FeeRate::grains_per_byte(rate));
    }
    let node = builder.spawn().await?;
    let mut events = node.events();
    println!("node {name} on {}, pays {}", params.spec().name, params.address(payout));

    let mut view = View::default();
    let stop = interrupted();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            signal = &mut stop => {
                signal?;
                break;
            }
            event = events.recv() => match event {
                Ok(event) => {
                    if let Some(line) = view.line(&name, &event) {
                        println!("{line}");
                    }
                    if let Event::TipChanged { tip, .. } = event
                        && arguments.until_height.is_some_and(|until| tip.height >= until)
                    {
                        break;
                    }
                }
                Err(RecvError::Lagged(count)) => println!("  {count} events passed too quickly to show"),
                Err(RecvError::Closed) => break,
            }
        }
    }
    let height = node.status().await.map(|status| status.tip.height);
    let rate = node.hash_rate() / 1e6;
    node.shutdown().await?;
    println!("node {name} stopped at height {}, {rate:.1} MH/s", height?);
    Ok(())
}

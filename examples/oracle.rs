//! Pays between the four classroom wallets, and waits for each payment's confirmation.
//!
//!     cargo run --release --example oracle
//!     cargo run --release --example oracle -- --payments 5

#![allow(clippy::print_stdout, reason = "what a program prints is its result")]

use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser;
use toycoin_examples::{
    Network,
    classroom::{Choices, balances, pay_somebody},
    exit, init_logs, interrupted,
};
use toycoin_node::rt::NodeBuilder;
use toycoin_wire::Channel;

/// Pays between the classroom wallets.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The relay.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000")]
    relay: String,
    /// The channel on which nodes meet.
    #[arg(long, value_name = "NAME", default_value = "/topic/main")]
    channel: Channel,
    /// The network.
    #[arg(long, value_enum, default_value = "lab")]
    network: Network,
    /// The least time between a confirmation and the next payment, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    min_interval: u64,
    /// The most.
    #[arg(long, value_name = "MS", default_value_t = 3_000)]
    max_interval: u64,
    /// End after so many payments.
    #[arg(long, value_name = "N")]
    payments: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    exit(run(arguments))
}

#[tokio::main]
async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.network == Network::Reference {
        return Err("the reference network has no classroom coins; use --network lab or regtest".into());
    }
    if arguments.min_interval > arguments.max_interval {
        return Err("--min-interval must not be above --max-interval".into());
    }
    let node = NodeBuilder::new(arguments.network.params())
        .relay(arguments.relay.clone())
        .channel(arguments.channel.clone())
        .spawn()
        .await?;
    tokio::select! {
        signal = interrupted() => signal?,
        result = pay(&node, &arguments) => result?,
    }
    node.shutdown().await?;
    Ok(())
}

async fn pay(node: &toycoin_node::rt::NodeHandle, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed)?;
    let mut choices = Choices::new(u64::from_le_bytes(seed));
    // what others have paid meanwhile is known only once the chain has been heard of
    println!("waiting for the network");
    while node.status().await?.tip.height == 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for count in 1..=arguments.payments.unwrap_or(u64::MAX) {
        let payment = pay_somebody(node, &mut choices).await?;
        println!("payment {count}: wallet {} pays wallet {} {}", payment.from, payment.to, payment.amount);
        let confirmed = node.wait_for_confirmations(payment.txid, 1).await?;
        let balances: Vec<_> = balances(node).await?.iter().map(ToString::to_string).collect();
        println!("  confirmed at height {}; balances {}", confirmed.height, balances.join(" "));
        let spread = arguments.max_interval - arguments.min_interval + 1;
        tokio::time::sleep(Duration::from_millis(arguments.min_interval + choices.below(spread))).await;
    }
    Ok(())
}

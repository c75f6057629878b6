//! A whole network in one process, over real sockets: a relay, three mining nodes of which one is slow, and an oracle that
//! pays between the classroom wallets and waits for each confirmation.
//!
//!     cargo run --release --example network
//!     cargo run --release --example network -- --nodes 4 --blocks 50 --payments 20
//!
//! Ends by itself; 0 only if all nodes agree and the supply adds up.

#![allow(clippy::print_stdout, reason = "what a program prints is its result")]

use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::broadcast::error::RecvError;
use toycoin_core::{Amount, ChainParams, SecretKey};
use toycoin_examples::{
    classroom::{Choices, balances, pay_somebody, worth},
    exit, init_logs, interrupted,
    pace::throttle_for,
    view::{View, short},
};
use toycoin_node::{
    protocol::Event,
    relay::RelayConfig,
    rt::{NodeBuilder, NodeHandle, RelayServer},
};

/// Runs a network and watches it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Mining nodes; the last one is slow.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=32))]
    nodes: u32,
    /// Blocks to wait for.
    #[arg(long, value_name = "N", default_value_t = 25)]
    blocks: u64,
    /// Payments to wait for.
    #[arg(long, value_name = "N", default_value_t = 8)]
    payments: u64,
    /// Draws wallets and amounts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    exit(run(&arguments))
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    tokio::select! {
        signal = interrupted() => {
            signal?;
            println!("stopped");
            Ok(())
        }
        result = network(arguments) => result,
    }
}

async fn network(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?.spawn()?;
    let address = relay.local_addr().to_string();
    println!("relay on {address}, {} nodes, four wallets\n", arguments.nodes);
    let bar = ProgressBar::new(arguments.blocks + arguments.payments);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} blocks and payments")?);

    let throttle = throttle_for(&ChainParams::lab(), arguments.nodes);
    let mut nodes = Vec::new();
    for number in 0..arguments.nodes {
        let slow = number + 1 == arguments.nodes && number > 0;
        let mut builder = NodeBuilder::new(ChainParams::lab())
            .relay(address.clone())
            .extra(format!("node {}{}", number + 1, if slow { " (slow)" } else { "" }))
            .mine_to(SecretKey::classroom(100 + number).public_key())
            .threads(1)
            .throttle(throttle);
        if slow {
            builder = builder.block_delay(Duration::from_millis(2_500));
        }
        nodes.push(builder.spawn().await?);
    }
    let oracle = NodeBuilder::new(ChainParams::lab()).relay(address).spawn().await?;

    let (end, done) = tokio::sync::watch::channel(());
    let watching = nodes
        .iter()
        .cloned()
        .zip(1..)
        .map(|(node, number)| tokio::spawn(watch(node, number, arguments.blocks, bar.clone(), done.clone())));
    let watching: Vec<_> = watching.collect();
    let confirmed = pay(&oracle, arguments, &bar).await?;
    wait_until(&nodes, |heights| heights.iter().any(|height| *height >= arguments.blocks)).await?;

    // mining ends, what is under way arrives, and all must stand on one tip
    for node in &nodes {
        node.set_mining(false).await?;
    }
    let agreed = agree(&nodes, &oracle).await?;
    bar.finish_and_clear();
    let holds = summary(&nodes, &oracle, arguments, confirmed, agreed).await?;
    for node in nodes.iter().chain([&oracle]) {
        node.shutdown().await?;
    }
    drop(end);
    let mut total = View::default();
    for watcher in watching {
        let view = watcher.await?;
        total.forks += view.forks;
        total.reorgs += view.reorgs;
        total.deepest = total.deepest.max(view.deepest);
    }
    println!(
        "forks     {} side blocks seen, {} reorganisations, {} deep at most",
        total.forks, total.reorgs, total.deepest
    );
    relay.shutdown();
    match (agreed, holds) {
        (true, true) => Ok(()),
        (false, _) => Err("the nodes do not agree on a tip".into()),
        (true, false) => Err("the supply does not add up".into()),
    }
}

/// Prints what happens to a node, blocks only as the first of them sees them, until `done` is dropped.
async fn watch(
    node: NodeHandle,
    number: u64,
    blocks: u64,
    bar: ProgressBar,
    mut done: tokio::sync::watch::Receiver<()>,
) -> View {
    let mut events = node.events();
    let (mut view, name) = (View::default(), format!("node {number}"));
    let mut highest = 0;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = done.changed() => return view,
        };
        let event = match event {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return view,
        };
        let is_block = matches!(event, Event::BlockConnected { .. });
        if let Some(line) = view.line(&name, &event).filter(|_| number == 1 || !is_block) {
            bar.suspend(|| println!("{line}"));
        }
        if let Event::TipChanged { tip, .. } = event
            && number == 1
        {
            bar.inc(tip.height.min(blocks).saturating_sub(highest));
            highest = highest.max(tip.height.min(blocks));
        }
    }
}

/// Makes the payments one after the other, each confirmed before the next.
async fn pay(oracle: &NodeHandle, arguments: &Arguments, bar: &ProgressBar) -> Result<u64, Box<dyn Error>> {
    let mut choices = Choices::new(arguments.seed);
    let mut confirmed = 0;
    for count in 1..=arguments.payments {
        let payment = pay_somebody(oracle, &mut choices).await?;
        let found = oracle.wait_for_confirmations(payment.txid, 1).await?;
        confirmed += 1;
        let balances: Vec<_> = balances(oracle).await?.iter().map(ToString::to_string).collect();
        bar.suspend(|| {
            println!(
                "  payment {count}: wallet {} paid wallet {} {}, confirmed at height {}; balances {}",
                payment.from,
                payment.to,
                payment.amount,
                found.height,
                balances.join(" ")
            );
        });
        bar.inc(1);
    }
    Ok(confirmed)
}

async fn wait_until(nodes: &[NodeHandle], done: impl Fn(&[u64]) -> bool) -> Result<(), Box<dyn Error>> {
    loop {
        let mut heights = Vec::new();
        for node in nodes {
            heights.push(node.status().await?.tip.height);
        }
        if done(&heights) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until all stand on one tip, for half a minute at most.
async fn agree(nodes: &[NodeHandle], oracle: &NodeHandle) -> Result<bool, Box<dyn Error>> {
    // a slow node's last block is still to come
    tokio::time::sleep(Duration::from_secs(3)).await;
    for _ in 0..300 {
        let mut tips = Vec::new();
        for node in nodes.iter().chain([oracle]) {
            tips.push(node.status().await?.tip.hash);
        }
        if tips.iter().all(|tip| *tip == tips[0]) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(false)
}

/// Prints how it ended and returns whether the supply adds up.
async fn summary(
    nodes: &[NodeHandle],
    oracle: &NodeHandle,
    arguments: &Arguments,
    confirmed: u64,
    agreed: bool,
) -> Result<bool, Box<dyn Error>> {
    println!("\ntips      {}", if agreed { "the same everywhere" } else { "NOT the same" });
    for (node, number) in nodes.iter().zip(1..) {
        let tip = node.status().await?.tip;
        let rate = node.hash_rate() / 1e6;
        println!("  node {number}  height {:>4}  {}  {rate:>6.2} MH/s", tip.height, short(&tip.hash));
    }
    println!("payments  {confirmed} confirmed of {} made", arguments.payments);
    let audit = oracle.audit().await?;
    let mut owned: Amount = balances(oracle).await?.into_iter().sum();
    for number in 0..arguments.nodes {
        owned = owned.saturating_add(worth(oracle, &SecretKey::classroom(100 + number)).await?);
    }
    println!(
        "supply    issued {} = sum of {} coins {} = wallets and miners {owned}",
        audit.issued, audit.coins, audit.sum_of_coins
    );
    Ok(audit.holds && audit.issued == audit.sum_of_coins && owned == audit.issued)
}

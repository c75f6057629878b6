//! Joining a network: a relay to talk to, and the chain that the others have.

use std::{error::Error, time::Duration};

use tokio::time::{Instant, sleep_until};
use toycoin_node::rt::{NodeError, NodeHandle};

use crate::catching_up::{Pace, bar};

/// Whoever has a longer chain says so within this time, with some to spare.
const HEARING: Duration = Duration::from_secs(3);

/// Waits until one of the node's relays stands.
///
/// # Errors
/// When none can be reached.
pub async fn wait_for_relay(node: &NodeHandle) -> Result<(), Box<dyn Error>> {
    match node.wait_for_relay().await {
        Err(NodeError::NoRelay(reason)) => {
            Err(format!("cannot reach a relay: {reason}; `cargo run --release --example relay` starts one").into())
        }
        other => Ok(other?),
    }
}

/// Waits until the node's tip is as high as that of every peer, with a progress bar on a terminal.
///
/// # Errors
/// When no relay can be reached, or the node has stopped.
pub async fn catch_up(node: &NodeHandle) -> Result<(), Box<dyn Error>> {
    wait_for_relay(node).await?;
    let (bar, mut pace) = (bar()?, Pace::default());
    let mut events = node.events();
    let alone_at = Instant::now() + HEARING;
    loop {
        let (status, peers) = (node.status().await?, node.peers().await?);
        let highest = peers.iter().filter_map(|peer| peer.height).max();
        let (height, target) = (status.tip.height, highest.unwrap_or(0).max(status.best_height));
        bar.set_length(target);
        bar.set_position(height);
        bar.set_message(pace.tell(height, target, peers.len(), Instant::now().into_std()));
        let there = highest.is_some_and(|height| status.tip.height >= height.max(status.best_height));
        if there || (highest.is_none() && Instant::now() >= alone_at) {
            bar.finish_and_clear();
            return Ok(());
        }
        // each block is an event; a peer's word is none, so look again now and then
        let again = if highest.is_none() { alone_at } else { Instant::now() + Duration::from_secs(1) };
        tokio::select! {
            _ = events.recv() => {}
            () = sleep_until(again) => {}
        }
    }
}

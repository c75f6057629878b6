//! Waiting for a payment's confirmation, with what stands in its way.

use std::{collections::BTreeSet, error::Error, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};
use toycoin_core::{Amount, Transaction, Txid};
use toycoin_node::{NodeHandle, Stopped, protocol::Confirmed};

use crate::{
    columns::wrap,
    gave_up::GaveUp,
    obstacles::{Facts, Obstacles, Taken},
    paying::{confirmed, may_still_be_confirmed},
    tell,
    words::count,
};

/// Interval at which the node is asked how things stand.
const LOOKS: Duration = Duration::from_secs(1);

/// Submits a payment, waits for its confirmations as long as blocks come, and tells on standard error why it may not be
/// confirmed: each reason once.
///
/// # Errors
/// If it is not confirmed, or if the confirmed transaction was another program's, as [`confirmed`] says. [`GaveUp`] if
/// no block came for 30 times the network's block spacing, but at least 60 s and at most 30 min, or 100 blocks and
/// 60 s went by without the payment.
pub async fn confirmation(
    node: &NodeHandle,
    payment: &Transaction,
    fee: Amount,
    confirmations: u64,
) -> Result<Confirmed, Box<dyn Error>> {
    let (begun, txid) = (Instant::now(), payment.txid());
    let mut obstacles = Obstacles::new(node.params(), payment.size(), fee, confirmations);
    let mut looks = interval(LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let wait = confirmed(node, payment, confirmations);
    tokio::pin!(wait);
    loop {
        tokio::select! {
            result = &mut wait => return result,
            _ = looks.tick() => {}
        }
        let Some(facts) = look(node, payment).await? else { continue };
        for reason in obstacles.look(&facts, begun.elapsed()) {
            wrap("note: ", &reason).iter().for_each(|line| tell!("{line}"));
        }
        if let Some(why) = obstacles.gives_up(begun.elapsed()) {
            let next = match obstacles.is_held() {
                true => format!("`wallet tx {txid}` shows how many it has"),
                false => may_still_be_confirmed(txid),
            };
            return Err(GaveUp::new(format!("{why}; {next}")).into());
        }
    }
}

/// Returns the line about a payment that is confirmed.
pub fn confirmed_line(height: u64, confirmations: u64) -> String {
    format!("confirmed in block {height}, {}", count(confirmations, "confirmation"))
}

/// Returns how things stand; `None` if the tip moved meanwhile.
async fn look(node: &NodeHandle, payment: &Transaction) -> Result<Option<Facts>, Stopped> {
    let status = node.status().await?;
    let held = node.transaction(payment.txid()).await?;
    let held_at = held.and_then(|place| place.block).map(|(_, height)| height);
    let parent = if held_at.is_none() { waiting_parent(node, payment).await? } else { None };
    let tip = node.block(status.tip.hash).await?;
    Ok(tip.filter(|_| held_at.is_none_or(|height| height <= status.tip.height)).map(|tip| Facts {
        tip: status.tip.hash,
        height: status.tip.height,
        taken: Some(Taken::of(tip.block(), node.params())),
        relays: (!node.relays().is_empty()).then_some(status.connections),
        peers: status.peers,
        waiting: status.mempool,
        held_at,
        parent,
    }))
}

/// Returns a payment that this one spends from and that no block holds.
async fn waiting_parent(node: &NodeHandle, payment: &Transaction) -> Result<Option<Txid>, Stopped> {
    let parents: BTreeSet<_> = payment.inputs.iter().map(|outpoint| outpoint.txid).collect();
    for txid in parents {
        if node.transaction(txid).await?.is_some_and(|place| place.block.is_none()) {
            return Ok(Some(txid));
        }
    }
    Ok(None)
}

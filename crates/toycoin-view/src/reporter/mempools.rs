//! The mempools as they were told: which payments wait at which node.

use std::collections::BTreeSet;

use toycoin_core::{Transaction, Txid};
use toycoin_node::mempool::DropReason;

use crate::{
    event::{Departure, Payment},
    limits::LISTED_PARTS,
};

/// The ids of the payments in each node's mempool, as they were told.
#[derive(Debug, Default)]
pub(super) struct Mempools {
    of_nodes: Vec<BTreeSet<Txid>>,
}

impl Mempools {
    /// Notes that a payment entered a mempool; returns what is told of it, or `None` if it was told before.
    pub(super) fn enter(&mut self, node: usize, txid: Txid, fee: u64, size: u64, tx: &Transaction) -> Option<Payment> {
        if self.of_nodes.len() <= node {
            self.of_nodes.resize_with(node + 1, BTreeSet::new);
        }
        let pool = self.of_nodes.get_mut(node)?;
        if !pool.insert(txid) {
            return None;
        }
        let mut parents: Vec<_> = tx.inputs.iter().map(|outpoint| outpoint.txid).collect();
        parents.retain(|parent| pool.contains(parent));
        parents.sort_unstable();
        parents.dedup();
        Some(Payment {
            txid: txid.to_string(),
            fee,
            size,
            spends: tx.inputs.iter().take(LISTED_PARTS).map(ToString::to_string).collect(),
            pays: tx.outputs.iter().take(LISTED_PARTS).map(|out| (out.owner.to_string(), out.value.grains())).collect(),
            parents: parents.iter().take(LISTED_PARTS).map(ToString::to_string).collect(),
        })
    }

    /// Notes that a payment left a mempool; returns whether it was told to be there.
    pub(super) fn leave(&mut self, node: usize, txid: &Txid) -> bool {
        self.of_nodes.get_mut(node).is_some_and(|pool| pool.remove(txid))
    }

    /// Empties a mempool, and returns what was there in the order of the ids.
    pub(super) fn clear(&mut self, node: usize) -> Vec<Txid> {
        let pool = self.of_nodes.get_mut(node).map(std::mem::take).unwrap_or_default();
        pool.into_iter().collect()
    }
}

/// Returns why a dropped payment left, and the transaction or block that took its place.
pub(super) fn departure(reason: &DropReason) -> (Departure, Option<String>) {
    match reason {
        DropReason::Conflict { with } => (Departure::Conflict, Some(with.to_string())),
        DropReason::Replaced { by } => (Departure::Replaced, Some(by.to_string())),
        DropReason::ParentDropped { parent } => (Departure::Conflict, Some(parent.to_string())),
        DropReason::Evicted => (Departure::Evicted, None),
        DropReason::Refused(_) => (Departure::Restart, None),
        _ => (Departure::Reorganised, None),
    }
}

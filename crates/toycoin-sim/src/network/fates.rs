//! What became of each found block, and of each payment.

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::{Amount, BlockHash, Header, Txid};

use crate::network::Network;

/// What became of a found block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFate {
    /// The block's hash.
    pub hash: BlockHash,
    /// The hash of its parent.
    pub parent: BlockHash,
    /// The block's height.
    pub height: u64,
    /// The node that found it.
    pub miner: usize,
    /// The virtual time at which it was found.
    pub found_at: Duration,
    /// The virtual time at which each node first had it in its chain; `None` for a node that never did.
    pub first_seen: Vec<Option<Duration>>,
    /// Whether the first honest node's chain holds it now.
    pub active: bool,
    /// The fees that its coinbase collects; `None` for a block that no honest node had in its chain.
    pub fees: Option<Amount>,
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFate {
    /// The payment's id.
    pub txid: Txid,
    /// The node whose wallet paid.
    pub by: usize,
    /// The virtual time at which it was made.
    pub at: Duration,
    /// Whether the node that it was submitted to accepted it.
    pub accepted: bool,
    /// The virtual time at which that node first had it in its chain.
    pub confirmed_at: Option<Duration>,
    /// Why that node dropped it, if it did.
    pub dropped: Option<String>,
    /// The block that holds it in the first honest node's chain now.
    pub block: Option<BlockHash>,
}

/// The found blocks with what is known of them, if that is kept.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    found: Option<BTreeMap<BlockHash, Found>>,
}

#[derive(Debug)]
struct Found {
    parent: BlockHash,
    height: u64,
    miner: usize,
    at: Duration,
    first_seen: Vec<Option<Duration>>,
}

impl Fates {
    pub(crate) fn new(keep: bool) -> Self {
        Self { found: keep.then(BTreeMap::new) }
    }

    pub(super) fn found(&mut self, miner: usize, header: &Header, at: Duration) {
        if let Some(found) = &mut self.found {
            let (parent, height) = (header.previous, header.height);
            found.insert(header.hash(), Found { parent, height, miner, at, first_seen: Vec::new() });
        }
    }

    pub(super) fn seen(&mut self, node: usize, hash: &BlockHash, at: Duration) {
        if let Some(found) = self.found.as_mut().and_then(|found| found.get_mut(hash)) {
            if found.first_seen.len() <= node {
                found.first_seen.resize(node + 1, None);
            }
            if let Some(first) = found.first_seen.get_mut(node) {
                first.get_or_insert(at);
            }
        }
    }
}

impl Network {
    /// Returns what became of each block that was found so far, in the order of finding. It is empty unless
    /// [`keep_fates`](crate::Simulation::keep_fates) asked for it.
    pub fn block_fates(&self) -> Vec<BlockFate> {
        let chain = self.chains().next().map(|(_, chain)| chain);
        let fate = |(hash, found): (&BlockHash, &Found)| {
            let mut first_seen = found.first_seen.clone();
            first_seen.resize(self.nodes.len(), None);
            let subsidy = self.params.subsidy(found.height);
            let collected = self.archive.get(hash).map(|block| {
                let outputs = &block.block().coinbase.outputs;
                outputs.iter().fold(Amount::ZERO, |sum, output| sum.saturating_add(output.value))
            });
            BlockFate {
                hash: *hash,
                parent: found.parent,
                height: found.height,
                miner: found.miner,
                found_at: found.at,
                first_seen,
                active: chain.is_some_and(|chain| chain.is_active(hash)),
                fees: collected.map(|sum| Amount::from_grains(sum.grains().saturating_sub(subsidy.grains()))),
            }
        };
        let mut fates: Vec<_> = self.fates.found.iter().flatten().map(fate).collect();
        fates.sort_by_key(|fate| (fate.found_at, fate.hash));
        fates
    }

    /// Returns what became of each payment so far, in the order in which they were made.
    pub fn payment_fates(&self) -> Vec<PaymentFate> {
        let chain = self.chains().next().map(|(_, chain)| chain);
        let block = |txid: &Txid| Some(chain?.find_transaction(txid).ok()??.0);
        let mut fates: Vec<_> = self.payments.all.iter().collect();
        fates.sort_by_key(|(txid, paid)| (paid.at, **txid));
        let fate = |(txid, paid): (&Txid, &super::payments::Paid)| PaymentFate {
            txid: *txid,
            by: paid.by,
            at: paid.at,
            accepted: paid.accepted,
            confirmed_at: paid.confirmed_at,
            dropped: paid.dropped.clone(),
            block: block(txid),
        };
        fates.into_iter().map(fate).collect()
    }
}

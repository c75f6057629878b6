//! Changes that a store has received and not written yet: a group that a crash loses as a whole.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use toycoin_core::{
    BlockHash, CheckedBlock, Txid,
    state::ChainState,
    store::{ChainUpdate, ConnectedUpdate, WaitingTransaction},
    utxo::UtxoDiff,
};

/// A group of bodies and moves of the tip.
#[derive(Debug)]
pub(super) struct Pending {
    /// New bodies.
    pub(super) bodies: HashMap<BlockHash, Arc<CheckedBlock>>,
    /// Hashes of the new bodies, in the order of arrival.
    pub(super) order: Vec<BlockHash>,
    pub(super) invalid: HashSet<BlockHash>,
    /// Number of blocks of the active chain on disk that are still active. Those above have left it.
    pub(super) standing: u64,
    /// Blocks of the active chain above those.
    pub(super) connected: Vec<ConnectedUpdate>,
    /// Index of each of these blocks in `connected`.
    pub(super) places: HashMap<BlockHash, usize>,
    /// New locations of transactions; `None` for those that are in no block any more.
    pub(super) transactions: HashMap<Txid, Option<(u64, u32)>>,
    pub(super) diff: UtxoDiff,
    pub(super) tip: Option<(BlockHash, ChainState)>,
    pub(super) waiting: Option<Vec<WaitingTransaction>>,
    /// Approximate size of the group in memory, in bytes.
    pub(super) bytes: u64,
}

impl Pending {
    /// Begins a group on top of this many blocks of the active chain on disk.
    pub(super) fn new(standing: u64) -> Self {
        Self {
            bodies: HashMap::new(),
            order: Vec::new(),
            invalid: HashSet::new(),
            standing,
            connected: Vec::new(),
            places: HashMap::new(),
            transactions: HashMap::new(),
            diff: UtxoDiff::default(),
            tip: None,
            waiting: None,
            bytes: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty() && self.invalid.is_empty() && !self.must_last()
    }

    /// Returns whether the group holds more than bodies and their judgements, so that a sync is worthwhile.
    pub(super) const fn must_last(&self) -> bool {
        self.tip.is_some() || self.waiting.is_some()
    }

    /// Returns the number of blocks that are new here or on the active chain.
    pub(super) fn blocks(&self) -> usize {
        self.order.len().max(self.connected.len())
    }

    pub(super) fn insert(&mut self, block: &Arc<CheckedBlock>) {
        if self.bodies.insert(block.hash(), Arc::clone(block)).is_none() {
            self.order.push(block.hash());
            self.bytes += block.block().size();
        }
    }

    /// Adds a move of the tip, or a part of one.
    pub(super) fn commit(&mut self, update: ChainUpdate) {
        for block in &update.disconnected {
            if let Some(gone) = self.connected.pop() {
                self.places.remove(&gone.block.hash());
            } else {
                self.standing = self.standing.saturating_sub(1);
            }
            for (txid, _) in block.ids() {
                self.transactions.insert(*txid, None);
            }
        }
        for connected in update.connected {
            let block = &connected.block;
            self.bytes += 100 * (2 + connected.undo.spent.len() as u64);
            self.places.insert(block.hash(), self.connected.len());
            for (place, (txid, _)) in (0..).zip(block.ids()) {
                self.transactions.insert(*txid, Some((block.height(), place)));
            }
            self.connected.push(connected);
        }
        self.bytes += 200 * (update.diff.created_unordered().len() + update.diff.spent_unordered().len()) as u64;
        if self.diff.is_empty() {
            self.diff = update.diff;
        } else {
            self.diff.append(&update.diff);
        }
        self.tip = Some((update.tip, update.state));
    }
}

//! What a store was given and has not written yet: a group that a crash takes away whole.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use toycoin_core::{
    BlockHash, CheckedBlock, Txid,
    state::ChainState,
    store::{BlockUndo, ChainUpdate, ConnectedUpdate, WaitingTransaction},
    utxo::UtxoDiff,
};

/// A group of bodies and moves of the tip.
#[derive(Debug)]
pub(super) struct Pending {
    /// Bodies that are new.
    pub(super) bodies: HashMap<BlockHash, Arc<CheckedBlock>>,
    /// The same in the order in which they came.
    pub(super) order: Vec<BlockHash>,
    pub(super) invalid: HashSet<BlockHash>,
    /// How many blocks of the active chain on disk stand; those above are gone.
    pub(super) standing: u64,
    /// The blocks of the active chain above those.
    pub(super) connected: Vec<(Arc<CheckedBlock>, BlockUndo)>,
    /// Where each of these blocks is in `connected`.
    pub(super) places: HashMap<BlockHash, usize>,
    /// What became of transactions: where they are now, or `None` for nowhere.
    pub(super) transactions: BTreeMap<Txid, Option<(u64, u32)>>,
    pub(super) diff: UtxoDiff,
    pub(super) tip: Option<(BlockHash, ChainState)>,
    pub(super) waiting: Option<Vec<WaitingTransaction>>,
    /// What it will take, about.
    pub(super) bytes: u64,
}

impl Pending {
    /// Begins a group over so many blocks of the active chain on disk.
    pub(super) fn new(standing: u64) -> Self {
        Self {
            bodies: HashMap::new(),
            order: Vec::new(),
            invalid: HashSet::new(),
            standing,
            connected: Vec::new(),
            places: HashMap::new(),
            transactions: BTreeMap::new(),
            diff: UtxoDiff::default(),
            tip: None,
            waiting: None,
            bytes: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty() && self.invalid.is_empty() && !self.must_last()
    }

    /// Returns whether it holds more than bodies and what was found of them: what a sync is for.
    pub(super) const fn must_last(&self) -> bool {
        self.tip.is_some() || self.waiting.is_some()
    }

    pub(super) fn insert(&mut self, block: &Arc<CheckedBlock>) {
        if self.bodies.insert(block.hash(), Arc::clone(block)).is_none() {
            self.order.push(block.hash());
            self.bytes += block.block().size();
        }
    }

    /// Takes in a move of the tip, or a part of one.
    pub(super) fn commit(&mut self, update: ChainUpdate) {
        for block in &update.disconnected {
            if let Some((gone, _)) = self.connected.pop() {
                self.places.remove(&gone.hash());
            } else {
                self.standing = self.standing.saturating_sub(1);
            }
            for (txid, _) in block.ids() {
                self.transactions.insert(*txid, None);
            }
        }
        for ConnectedUpdate { block, undo } in update.connected {
            self.bytes += 100 * (1 + undo.spent.len() as u64);
            self.places.insert(block.hash(), self.connected.len());
            for (place, (txid, _)) in (0..).zip(block.ids()) {
                self.transactions.insert(*txid, Some((block.height(), place)));
            }
            self.connected.push((block, undo));
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

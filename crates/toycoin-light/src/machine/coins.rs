//! The owners' coins: what the filters are searched for, beside the owners themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toycoin_core::{Block, OutPoint, PublicKey, TxOut, filter::FilterItem};

/// The owners and their coins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coins {
    /// Each owner, with the height from which on it may have been paid.
    owners: BTreeMap<PublicKey, u64>,
    /// Each unspent coin, with the height of its block.
    unspent: BTreeMap<OutPoint, u64>,
    /// Each spent coin, with the heights at which it was created and spent. None is forgotten: the search may go back
    /// far, for a filter that proves false or another owner.
    spent: Vec<(OutPoint, u64, u64)>,
}

/// How a block concerns the owners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Concern {
    /// Whether it pays an owner, or spends an owner's coin.
    pub(super) concerns: bool,
    /// The coins that it creates for owners.
    pub(super) created: Vec<OutPoint>,
}

impl Coins {
    /// Adds an owner. Returns whether it is new, or has an earlier birthday than before.
    pub(super) fn watch(&mut self, owner: PublicKey, birthday: u64) -> bool {
        let is_new = self.owners.get(&owner).is_none_or(|before| birthday < *before);
        if is_new {
            self.owners.insert(owner, birthday);
        }
        is_new
    }

    /// Adds the coins that genesis gives an owner. Everybody knows genesis, so no filter is asked for it.
    pub(super) fn allot(&mut self, owner: &PublicKey, genesis: &Block) {
        let outputs = genesis.coinbase.outpoints(genesis.coinbase.txid());
        for (outpoint, _) in outputs.filter(|(_, output)| output.owner == *owner) {
            if !self.spent.iter().any(|(spent, ..)| *spent == outpoint) {
                self.unspent.insert(outpoint, 0);
            }
        }
    }

    /// Returns the lowest birthday; `None` without owners.
    pub(super) fn birthday(&self) -> Option<u64> {
        self.owners.values().min().copied()
    }

    /// Returns what filters are searched for.
    pub(super) fn items(&self) -> Vec<FilterItem> {
        let owners = self.owners.keys().map(|owner| FilterItem::Owner(*owner));
        owners.chain(self.unspent.keys().map(|outpoint| FilterItem::Spent(*outpoint))).collect()
    }

    /// Applies a block of the chain. Blocks come in the order of their heights.
    pub(super) fn apply(&mut self, block: &Block) -> Concern {
        let mut concern = Concern::default();
        let height = block.header.height;
        for transaction in &block.transactions {
            for outpoint in &transaction.inputs {
                if let Some(created) = self.unspent.remove(outpoint) {
                    self.spent.push((*outpoint, created, height));
                    concern.concerns = true;
                }
            }
            self.create(height, transaction.outpoints(transaction.txid()), &mut concern);
        }
        self.create(height, block.coinbase.outpoints(block.coinbase.txid()), &mut concern);
        concern
    }

    fn create<'a>(&mut self, height: u64, outputs: impl Iterator<Item = (OutPoint, &'a TxOut)>, concern: &mut Concern) {
        for (outpoint, _) in outputs.filter(|(_, output)| self.owners.contains_key(&output.owner)) {
            self.unspent.insert(outpoint, height);
            concern.created.push(outpoint);
            concern.concerns = true;
        }
    }

    /// Returns whether a block would pay an owner or spend an owner's coin, if it came right after its parent.
    pub(super) fn are_concerned(&self, block: &Block) -> bool {
        let mut before = self.clone();
        before.rewind(block.header.height.saturating_sub(1));
        before.apply(block).concerns
    }

    /// Undoes the blocks above a height.
    pub(super) fn rewind(&mut self, height: u64) {
        self.unspent.retain(|_, created| *created <= height);
        let undone = self.spent.extract_if(.., |(_, _, spent)| *spent > height);
        let restored: Vec<_> = undone.filter(|(_, created, _)| *created <= height).collect();
        self.unspent.extend(restored.into_iter().map(|(outpoint, created, _)| (outpoint, created)));
    }
}

//! The state after a block, and its root.

use std::fmt;

use crate::{
    amount::Amount,
    commitment::Domain,
    digest::{BlockHash, StateRoot},
    state::{Ancestors, LtHash, MergedPeaks},
    target::Work,
    utxo::UtxoDiff,
};

/// The state after a block.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ChainState {
    /// The LtHash of the UTXO set: the sum over all coins.
    pub utxo_hash: LtHash,
    /// The number of coins.
    pub coin_count: u64,
    /// The sum of the values of all coins: the money issued so far.
    pub issued: Amount,
    /// The block's ancestors, genesis first, without the block itself.
    pub ancestors: Ancestors,
}

impl ChainState {
    /// Returns the state with one more ancestor, and the data that removes it again. `work` is the chain's work up to
    /// and including the ancestor.
    pub(crate) fn with_ancestor(&self, hash: BlockHash, work: Work) -> (Self, MergedPeaks) {
        let mut state = self.clone();
        let merged = state.ancestors.push(hash, work);
        (state, merged)
    }

    /// Applies a change to the UTXO hash, the number of coins and the money issued.
    ///
    /// The number wraps and the money saturates. The rules prevent both, unless a sandbox has switched them off.
    pub fn apply(&mut self, diff: &UtxoDiff) {
        self.utxo_hash.apply(diff);
        self.count(diff);
    }

    /// Applies a change to the number of coins and the money issued, not to the UTXO hash.
    pub(crate) fn count(&mut self, diff: &UtxoDiff) {
        for (_, coin) in diff.spent_unordered() {
            self.coin_count = self.coin_count.wrapping_sub(1);
            self.issued = self.issued.saturating_sub(coin.output.value);
        }
        for (_, coin) in diff.created_unordered() {
            self.coin_count = self.coin_count.wrapping_add(1);
            self.issued = self.issued.saturating_add(coin.output.value);
        }
    }

    /// Returns the state root, which a header commits to.
    pub fn root(&self) -> StateRoot {
        Domain::State
            .hasher()
            .bytes(&self.utxo_hash.digest())
            .u64(self.coin_count)
            .u64(self.issued.grains())
            .bytes(&self.ancestors.root())
            .finish()
            .into()
    }
}

impl fmt::Debug for ChainState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainState")
            .field("coin_count", &self.coin_count)
            .field("issued", &self.issued)
            .field("ancestors", &self.ancestors.count())
            .finish_non_exhaustive()
    }
}

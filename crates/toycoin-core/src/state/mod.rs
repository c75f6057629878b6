//! The state that a header commits to: all coins, how many, the money issued, and all ancestors.
//!
//! ```text
//! state_root = H_state( digest of the coins | coin count u64 | issued grains u64 | root over the ancestors )
//! ```
//!
//! So a snapshot of the coins can be checked against one header, the supply can be audited exactly (`issued` equals the
//! sum of all coins, always), and a light client can prove ancestry. It shows that two sets of coins are equal; it does
//! not show whether a coin is among them.

mod ancestors;
mod deltas;
mod lthash;

use std::fmt;

pub(crate) use self::deltas::add_delta;
pub use self::{
    ancestors::{AncestorProof, Ancestors, MergedPeaks},
    deltas::Deltas,
    lthash::{BYTES as LTHASH_BYTES, LtHash},
};
use crate::{
    amount::Amount,
    commitment::Domain,
    digest::{BlockHash, StateRoot},
    target::Work,
    utxo::UtxoDiff,
};

/// The state after a block.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ChainState {
    /// The sum over all coins.
    pub utxo_hash: LtHash,
    /// How many coins there are.
    pub coin_count: u64,
    /// What they are worth together: all money that was ever made.
    pub issued: Amount,
    /// The block's ancestors, genesis first, the block itself not among them.
    pub ancestors: Ancestors,
}

impl ChainState {
    /// Returns the state with one more ancestor, whose chain has that work up to and including it, and what takes the
    /// ancestor off again.
    pub(crate) fn with_ancestor(&self, hash: BlockHash, work: Work) -> (Self, MergedPeaks) {
        let mut state = self.clone();
        let merged = state.ancestors.push(hash, work);
        (state, merged)
    }

    /// Brings the coins, their number and their worth up to a change.
    ///
    /// Counts wrap and the sum saturates: rules judge them before, and only a rule that is switched off lets them.
    pub fn apply(&mut self, diff: &UtxoDiff) {
        self.utxo_hash.apply(diff);
        self.count(diff);
    }

    /// Brings number and worth of the coins up to a change, not the sum over them.
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

    /// Returns what a header commits to.
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

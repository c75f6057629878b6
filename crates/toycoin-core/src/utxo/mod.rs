//! The UTXO set: the coins, which are the outputs that no transaction has spent yet, and changes to it.
//!
//! ```text
//!   UtxoView ◀── Overlay { base: &UtxoView, diff: UtxoDiff }      the set after a change that is not applied yet
//!   UtxoDiff     spent | created                                  what blocks change, composed and inverted
//! ```

mod diff;
mod overlay;

use std::convert::Infallible;

pub use self::{diff::UtxoDiff, overlay::Overlay};
use crate::transaction::{OutPoint, TxOut};

/// An unspent transaction output (UTXO).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coin {
    /// The coin's value and owner.
    pub output: TxOut,
    /// The height of the block whose coinbase created the coin; 0 for an ordinary coin, and for the coins of genesis.
    pub coinbase_height: u64,
}

impl Coin {
    /// Returns whether a transaction in the block at `height` may spend the coin. Coinbase maturity: a coinbase's coin
    /// can be spent only `maturity` blocks after its own block.
    pub const fn is_mature_at(&self, height: u64, maturity: u64) -> bool {
        self.coinbase_height == 0 || height.saturating_sub(self.coinbase_height) >= maturity
    }
}

/// A view of a UTXO set.
pub trait UtxoView {
    /// The error of a lookup: a store's error, or [`Infallible`] in memory.
    type Error;

    /// Returns the coin at an outpoint, `None` if it was spent or never created.
    ///
    /// # Errors
    /// When the lookup fails.
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error>;
}

impl<V: UtxoView> UtxoView for &V {
    type Error = V::Error;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        (**self).coin(outpoint)
    }
}

/// A UTXO set in a map, for tests and small tools.
impl UtxoView for std::collections::BTreeMap<OutPoint, Coin> {
    type Error = Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        Ok(self.get(outpoint).copied())
    }
}

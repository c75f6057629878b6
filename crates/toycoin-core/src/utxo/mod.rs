//! The UTXO set: the coins, which are the outputs that no transaction has spent yet, and changes to it.
//!
//! ```text
//!   UtxoView ◀── Overlay { base: &UtxoView, diff: UtxoDiff }      look through a change that is not made yet
//!   UtxoDiff     spent | created                                  what blocks change, composed and inverted
//! ```

mod diff;
mod overlay;

use std::convert::Infallible;

pub use self::{diff::UtxoDiff, overlay::Overlay};
use crate::transaction::{OutPoint, TxOut};

/// An output that nobody has spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coin {
    /// Its value and owner.
    pub output: TxOut,
    /// The height of the block whose coinbase made it; 0 for an ordinary coin, as genesis' are.
    pub coinbase_height: u64,
}

impl Coin {
    /// Returns whether a transaction of the block at `height` may spend it: a coinbase's coin only `maturity` blocks
    /// after its own.
    pub const fn is_mature_at(&self, height: u64, maturity: u64) -> bool {
        self.coinbase_height == 0 || height.saturating_sub(self.coinbase_height) >= maturity
    }
}

/// Whatever can say which coins there are.
pub trait UtxoView {
    /// What can go wrong in looking: a store's error, [`Infallible`] in memory.
    type Error;

    /// Returns the coin at an outpoint, `None` if there is none, spent or never made.
    ///
    /// # Errors
    /// When it cannot be told.
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error>;
}

impl<V: UtxoView> UtxoView for &V {
    type Error = V::Error;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        (**self).coin(outpoint)
    }
}

/// Coins in a map, for tests and small tools.
impl UtxoView for std::collections::BTreeMap<OutPoint, Coin> {
    type Error = Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        Ok(self.get(outpoint).copied())
    }
}

//! Coins.

use crate::transaction::TxOut;

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

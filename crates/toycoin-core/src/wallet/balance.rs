//! What a wallet owns.

use crate::amount::Amount;

/// The balance of a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// The amount that can be spent in the next block.
    pub available: Amount,
    /// Immature rewards: a coinbase's coins that are too young to be spent.
    pub immature: Amount,
    /// Coins that pending payments spend. Their change is available again after confirmation.
    pub reserved: Amount,
}

impl Balance {
    /// Returns the sum of the three amounts: what the wallet owns on the active chain.
    pub const fn total(&self) -> Amount {
        self.available.saturating_add(self.immature).saturating_add(self.reserved)
    }
}

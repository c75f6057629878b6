//! What a wallet owns.

use super::Wallet;
use crate::{amount::Amount, transaction::OutPoint, utxo::Coin};

/// The balance of a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// The amount that can be spent in the next block.
    pub available: Amount,
    /// Immature rewards: a coinbase's coins that are too young to be spent.
    pub immature: Amount,
    /// Coins that pending payments spend. Their change is available again after confirmation.
    pub reserved: Amount,
    /// What pending payments pay to this wallet itself and no further one spends: change, above all. It is a part of what
    /// is reserved.
    pub pending_change: Amount,
}

impl Balance {
    /// Returns the sum of the first three amounts: what the wallet owns on the active chain.
    pub const fn total(&self) -> Amount {
        self.available.saturating_add(self.immature).saturating_add(self.reserved)
    }
}

impl Wallet {
    /// Returns the balance.
    pub fn balance(&self) -> Balance {
        let pending_change = self.pending_change().map(|(_, coin)| coin.output.value).sum();
        let mut balance = Balance { pending_change, ..Balance::default() };
        for (outpoint, coin) in self.coins.unspent() {
            let part = match () {
                () if self.reserved.contains_key(&outpoint) => &mut balance.reserved,
                () if !self.is_mature(&coin) => &mut balance.immature,
                () => &mut balance.available,
            };
            *part = part.saturating_add(coin.output.value);
        }
        balance
    }

    /// Returns the coins that can be spent in the next block and that no pending payment spends, the oldest first.
    pub fn spendable(&self) -> impl Iterator<Item = (OutPoint, Coin)> {
        self.free().filter(|(_, coin)| self.is_mature(coin))
    }

    /// Returns the immature coins that no pending payment spends, the oldest first.
    pub fn immature(&self) -> impl Iterator<Item = (OutPoint, Coin)> {
        self.free().filter(|(_, coin)| !self.is_mature(coin))
    }

    /// Returns the height of the first block in which a coin can be spent, as far as coinbase maturity decides.
    pub fn matures_at(&self, coin: &Coin) -> u64 {
        match coin.coinbase_height {
            0 => 0,
            height => height.saturating_add(self.params.spec().coinbase_maturity),
        }
    }

    fn free(&self) -> impl Iterator<Item = (OutPoint, Coin)> {
        self.coins.unspent().filter(|(outpoint, _)| !self.reserved.contains_key(outpoint))
    }

    pub(super) fn is_mature(&self, coin: &Coin) -> bool {
        coin.is_mature_at(self.height + 1, self.params.spec().coinbase_maturity)
    }
}

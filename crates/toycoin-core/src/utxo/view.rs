//! Looking coins up.

use std::convert::Infallible;

use crate::{transaction::OutPoint, utxo::Coin};

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

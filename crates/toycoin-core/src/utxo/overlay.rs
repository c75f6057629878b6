//! A UTXO set with a change laid over it that is not applied yet.

use crate::{
    transaction::OutPoint,
    utxo::{Coin, UtxoDiff, UtxoView},
};

/// A view of a UTXO set after a change: the change comes first, then the view below.
#[derive(Debug, Clone, Copy)]
pub struct Overlay<'a, V> {
    base: &'a V,
    diff: &'a UtxoDiff,
}

impl<'a, V: UtxoView> Overlay<'a, V> {
    /// Lays a change over a view.
    pub const fn new(base: &'a V, diff: &'a UtxoDiff) -> Self {
        Self { base, diff }
    }
}

impl<V: UtxoView> UtxoView for Overlay<'_, V> {
    type Error = V::Error;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        self.diff.get(outpoint).map_or_else(|| self.base.coin(outpoint), Ok)
    }
}

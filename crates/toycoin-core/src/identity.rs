//! What identifies the transactions of a block: their ids, and their leaves in the Merkle tree.

use crate::{
    block::Block,
    digest::{Txid, Wtxid},
    merkle,
    state::Deltas,
    transaction::Transaction,
    tree::NodeHash,
};

/// Fewest transactions that one core hashes at a time.
#[cfg(feature = "parallel")]
const MIN_SHARE: usize = 64;

/// The hashes that follow from the bytes of one transaction alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) txid: Txid,
    pub(crate) wtxid: Wtxid,
    pub(crate) leaf: NodeHash,
}

impl Identity {
    /// Hashes a transaction.
    pub(crate) fn of(transaction: &Transaction) -> Self {
        let txid = transaction.txid();
        Self::of_ids(txid, transaction.wtxid_with(txid))
    }

    /// Returns the identity of the transaction that has these ids.
    pub(crate) fn of_ids(txid: Txid, wtxid: Wtxid) -> Self {
        Self { txid, wtxid, leaf: merkle::leaf(txid, wtxid) }
    }

    /// Returns the identity of the coinbase that has this id, which has no signatures.
    pub(crate) fn of_coinbase(txid: Txid) -> Self {
        Self::of_ids(txid, Wtxid::from_bytes(txid.to_bytes()))
    }

    /// Returns the two ids.
    pub(crate) const fn ids(&self) -> (Txid, Wtxid) {
        (self.txid, self.wtxid)
    }

    /// Returns the identity of each transaction of a block in order, the coinbase's first. Transactions that `deltas`
    /// remembers are compared byte by byte instead of hashed. With the feature `parallel`, several cores hash the
    /// others.
    pub(crate) fn of_all(block: &Block, deltas: &Deltas) -> Vec<Self> {
        let known = deltas.identify(&block.transactions);
        let mut all = Vec::with_capacity(1 + block.transactions.len());
        all.push(Self::of_coinbase(block.coinbase.txid()));
        let known = |index: usize| known.get(index).copied().flatten();
        let identity = |(index, transaction)| known(index).unwrap_or_else(|| Self::of(transaction));
        #[cfg(feature = "parallel")]
        if (0..block.transactions.len()).filter(|index| known(*index).is_none()).take(2 * MIN_SHARE).count()
            == 2 * MIN_SHARE
        {
            use rayon::prelude::*;
            all.par_extend(block.transactions.par_iter().with_min_len(MIN_SHARE).enumerate().map(identity));
            return all;
        }
        all.extend(block.transactions.iter().enumerate().map(identity));
        all
    }
}

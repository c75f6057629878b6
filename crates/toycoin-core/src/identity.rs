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
        let wtxid = transaction.wtxid_with(txid);
        Self { txid, wtxid, leaf: merkle::leaf(txid, wtxid) }
    }

    /// Returns the identity of each transaction of a block in order, the coinbase's first. Transactions that `deltas`
    /// remembers are compared byte by byte instead of hashed. With the feature `parallel`, several cores hash the
    /// others.
    pub(crate) fn of_all(block: &Block, deltas: &Deltas) -> Vec<Self> {
        let known = deltas.identify(&block.transactions);
        let txid = block.coinbase.txid();
        let wtxid = Wtxid::from_bytes(txid.to_bytes());
        let mut all = Vec::with_capacity(1 + block.transactions.len());
        all.push(Self { txid, wtxid, leaf: merkle::leaf(txid, wtxid) });
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

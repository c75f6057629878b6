//! Blocks: a header, a coinbase, and transactions.

use crate::{
    digest::{BlockHash, MerkleRoot, Txid, Wtxid},
    header::Header,
    merkle::merkle_root,
    target::Target,
    transaction::{Coinbase, Transaction},
};

/// Fewest transactions whose ids a core computes at a time.
#[cfg(feature = "parallel")]
const PARALLEL_SHARE: usize = 64;

/// A block as it came, judged by nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Block {
    /// What is hashed.
    pub header: Header,
    /// The miner's transaction, the first leaf of the Merkle tree.
    pub coinbase: Coinbase,
    /// The others, parents before children.
    pub transactions: Vec<Transaction>,
}

impl Block {
    /// Returns the hash of its header.
    pub fn hash(&self) -> BlockHash {
        self.header.hash()
    }

    /// Returns the size by formula: 128 for the header and the transactions' own, in bytes.
    pub fn size(&self) -> u64 {
        let transactions: u64 = self.transactions.iter().map(Transaction::size).sum();
        Header::SIZE as u64 + self.coinbase.size() + transactions
    }

    /// Returns each transaction's ids in order, the coinbase's first; with the feature `parallel` several cores compute
    /// them.
    pub fn transaction_ids(&self) -> Vec<(Txid, Wtxid)> {
        let coinbase = self.coinbase.txid();
        let ids = |transaction: &Transaction| {
            let txid = transaction.txid();
            (txid, transaction.wtxid(txid))
        };
        let mut all = Vec::with_capacity(1 + self.transactions.len());
        all.push((coinbase, Wtxid::from_bytes(coinbase.to_bytes())));
        #[cfg(feature = "parallel")]
        if self.transactions.len() >= 2 * PARALLEL_SHARE {
            use rayon::prelude::*;
            all.par_extend(self.transactions.par_iter().with_min_len(PARALLEL_SHARE).map(ids));
            return all;
        }
        all.extend(self.transactions.iter().map(ids));
        all
    }

    /// Returns the Merkle root of the body as it stands.
    pub fn merkle_root(&self) -> MerkleRoot {
        merkle_root(self.transaction_ids())
    }

    /// Searches a nonce with a plain loop: for tests and examples on networks where two hashes or a few million do.
    ///
    /// # Panics
    /// When the header's bits are no target.
    #[must_use]
    pub fn mine_trivial(mut self) -> Self {
        let target: Target = self.header.bits.to_target().expect("bits of a template");
        while !target.is_met_by(&self.header.hash()) {
            self.header.nonce = self.header.nonce.wrapping_add(1);
        }
        self
    }
}

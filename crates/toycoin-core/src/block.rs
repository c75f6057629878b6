//! Blocks: a header, a coinbase, and transactions.

use crate::{
    digest::{BlockHash, MerkleRoot, Txid, Wtxid},
    header::Header,
    merkle::merkle_root,
    target::Target,
    transaction::{Coinbase, Transaction},
};

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

    /// Returns each transaction's ids in order, the coinbase's first.
    pub fn transaction_ids(&self) -> Vec<(Txid, Wtxid)> {
        let coinbase = self.coinbase.txid();
        let others = self.transactions.iter().map(|transaction| {
            let txid = transaction.txid();
            (txid, transaction.wtxid(txid))
        });
        std::iter::once((coinbase, Wtxid::from_bytes(coinbase.to_bytes()))).chain(others).collect()
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
    pub fn solve_easily(mut self) -> Self {
        let target: Target = self.header.bits.to_target().expect("bits of a template");
        while !target.is_met_by(&self.header.hash()) {
            self.header.nonce = self.header.nonce.wrapping_add(1);
        }
        self
    }
}

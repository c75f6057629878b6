//! Blocks: a header, a coinbase, and transactions.

use crate::{
    digest::{BlockHash, MerkleRoot, Txid, Wtxid},
    header::Header,
    merkle::{InclusionProof, merkle_root},
    target::Target,
    transaction::{Coinbase, Transaction},
};

/// Fewest transactions whose ids one core computes at a time.
#[cfg(feature = "parallel")]
const MIN_SHARE: usize = 64;

/// A block that has not been judged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Block {
    /// The header, which is hashed.
    pub header: Header,
    /// The miner's transaction, the first leaf of the Merkle tree.
    pub coinbase: Coinbase,
    /// The other transactions. A transaction comes after those whose outputs it spends.
    pub transactions: Vec<Transaction>,
}

impl Block {
    /// Returns the hash of the block's header.
    pub fn hash(&self) -> BlockHash {
        self.header.hash()
    }

    /// Returns the block's size by formula, in bytes: 128 for the header, plus the sizes of its transactions.
    pub fn size(&self) -> u64 {
        let transactions: u64 = self.transactions.iter().map(Transaction::size).sum();
        Header::SIZE as u64 + self.coinbase.size() + transactions
    }

    /// Returns the ids of each transaction in order, the coinbase's first. With the feature `parallel`, several cores
    /// compute them.
    pub fn transaction_ids(&self) -> Vec<(Txid, Wtxid)> {
        let coinbase = self.coinbase.txid();
        let ids = |transaction: &Transaction| {
            let txid = transaction.txid();
            (txid, transaction.wtxid_with(txid))
        };
        let mut all = Vec::with_capacity(1 + self.transactions.len());
        all.push((coinbase, Wtxid::from_bytes(coinbase.to_bytes())));
        #[cfg(feature = "parallel")]
        if self.transactions.len() >= 2 * MIN_SHARE {
            use rayon::prelude::*;
            all.par_extend(self.transactions.par_iter().with_min_len(MIN_SHARE).map(ids));
            return all;
        }
        all.extend(self.transactions.iter().map(ids));
        all
    }

    /// Returns the Merkle root of the block's transactions, whatever its header says.
    pub fn merkle_root(&self) -> MerkleRoot {
        merkle_root(self.transaction_ids())
    }

    /// Returns the proof that a transaction is in this block, for a verifier who has only the header. Returns `None` if
    /// the transaction is not in the block. The coinbase counts as a transaction.
    ///
    /// ```
    /// use toycoin_core::ChainParams;
    ///
    /// let genesis = ChainParams::regtest().genesis().clone();
    /// let txid = genesis.coinbase.txid();
    /// let (proof, wtxid) = genesis.inclusion_proof(txid).expect("a block holds its coinbase");
    /// assert!(proof.verify(genesis.header.merkle_root, txid, wtxid));
    /// ```
    pub fn inclusion_proof(&self, txid: Txid) -> Option<(InclusionProof, Wtxid)> {
        let ids = self.transaction_ids();
        let index = ids.iter().position(|(id, _)| *id == txid)?;
        let (_, wtxid) = *ids.get(index)?;
        Some((InclusionProof::build(&ids, u32::try_from(index).ok()?)?, wtxid))
    }

    /// Searches a nonce with a simple loop: for tests and examples on networks with a low difficulty.
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

//! Blocks: a header, a coinbase, and transactions.

use crate::{
    digest::{BlockHash, MerkleRoot, Txid, Wtxid},
    header::Header,
    identity::Identity,
    merkle::{InclusionProof, root_over},
    state::Deltas,
    target::Target,
    transaction::{Coinbase, Transaction},
};

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
        let identities = Identity::of_all(self, &Deltas::default());
        identities.into_iter().map(|identity| (identity.txid, identity.wtxid)).collect()
    }

    /// Returns the Merkle root of the block's transactions, whatever its header says.
    pub fn merkle_root(&self) -> MerkleRoot {
        root_over(Identity::of_all(self, &Deltas::default()).into_iter().map(|identity| identity.leaf))
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

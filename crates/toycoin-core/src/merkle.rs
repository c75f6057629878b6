//! The Merkle root over a block's transactions, and proofs of inclusion.

use crate::{
    commitment::Domain,
    digest::{MerkleRoot, Txid, Wtxid},
    tree::{NodeHash, Peaks, Shape},
};

/// Returns the leaf of a transaction: `H_merkle-leaf(txid | wtxid)`. A coinbase's wtxid is its txid.
pub(crate) fn leaf(txid: Txid, wtxid: Wtxid) -> NodeHash {
    Domain::MerkleLeaf.hasher().bytes(txid.as_bytes()).bytes(wtxid.as_bytes()).finish()
}

/// Returns the Merkle root of transactions in the block's order, the coinbase first.
pub fn merkle_root(transactions: impl IntoIterator<Item = (Txid, Wtxid)>) -> MerkleRoot {
    root_over(transactions.into_iter().map(|(txid, wtxid)| leaf(txid, wtxid)))
}

/// Returns the Merkle root over leaves in the block's order.
pub(crate) fn root_over(leaves: impl IntoIterator<Item = NodeHash>) -> MerkleRoot {
    let mut peaks = Peaks::default();
    for leaf in leaves {
        peaks.push(Shape::MERKLE, leaf);
    }
    MerkleRoot::from_bytes(peaks.root(Shape::MERKLE))
}

/// A Merkle proof that a transaction is in a block, for a verifier who has only the block's header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InclusionProof {
    /// The transaction's index in the block; 0 is the coinbase.
    pub index: u32,
    /// The number of transactions in the block, the coinbase included.
    pub transactions: u32,
    /// The hashes beside the path from the leaf to the root, in that order.
    pub siblings: Vec<[u8; 32]>,
}

impl InclusionProof {
    /// Builds the proof for the transaction at `index`; `None` if there is none.
    pub fn build(transactions: &[(Txid, Wtxid)], index: u32) -> Option<Self> {
        let leaves: Vec<_> = transactions.iter().map(|(txid, wtxid)| leaf(*txid, *wtxid)).collect();
        let siblings = Shape::MERKLE.path(&leaves, usize::try_from(index).ok()?)?;
        Some(Self { index, transactions: u32::try_from(leaves.len()).ok()?, siblings })
    }

    /// Returns whether the proof is valid for a transaction with these ids under `root`.
    ///
    /// Returns false for an empty block, an index beyond its end, and a path of the wrong length.
    pub fn verify(&self, root: MerkleRoot, txid: Txid, wtxid: Wtxid) -> bool {
        let (index, n) = (u64::from(self.index), u64::from(self.transactions));
        Shape::MERKLE.root_of_path(leaf(txid, wtxid), index, n, &self.siblings) == Some(root.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(n: u8) -> Vec<(Txid, Wtxid)> {
        (0..n).map(|i| (Txid::from_bytes([i; 32]), Wtxid::from_bytes([i; 32]))).collect()
    }

    #[test]
    fn a_proof_holds_for_its_transaction_and_no_other() {
        for n in 1..20 {
            let ids = ids(n);
            let root = merkle_root(ids.iter().copied());
            for index in 0..n {
                let proof = InclusionProof::build(&ids, u32::from(index)).unwrap();
                for (other, (txid, wtxid)) in ids.iter().enumerate() {
                    assert_eq!(proof.verify(root, *txid, *wtxid), other == usize::from(index));
                }
            }
            assert_eq!(InclusionProof::build(&ids, u32::from(n)), None);
        }
    }

    #[test]
    fn a_transaction_twice_changes_the_root() {
        let three = ids(3);
        let mut four = three.clone();
        four.push(three[2]);
        assert_ne!(merkle_root(three), merkle_root(four), "Bitcoin's CVE-2012-2459 has no place here");
    }

    #[test]
    fn a_signature_changes_the_root() {
        let mut ids = ids(3);
        let root = merkle_root(ids.iter().copied());
        ids[1].1 = Wtxid::from_bytes([9; 32]);
        assert_ne!(merkle_root(ids), root);
    }
}

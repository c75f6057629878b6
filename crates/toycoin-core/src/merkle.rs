//! The Merkle root over a block's transactions, and proofs that a transaction is among them.

use crate::{
    commitment::Domain,
    digest::{MerkleRoot, Txid, Wtxid},
    tree::{NodeHash, Peaks, Shape},
};

/// Returns the leaf of a transaction: `H_merkle-leaf(txid | wtxid)`. A coinbase's wtxid is its txid.
fn leaf(txid: Txid, wtxid: Wtxid) -> NodeHash {
    Domain::MerkleLeaf.hasher().bytes(txid.as_bytes()).bytes(wtxid.as_bytes()).finish()
}

/// Returns the root over transactions in a block's order, the coinbase first.
pub fn merkle_root(transactions: impl IntoIterator<Item = (Txid, Wtxid)>) -> MerkleRoot {
    let mut peaks = Peaks::default();
    for (txid, wtxid) in transactions {
        peaks.push(Shape::MERKLE, leaf(txid, wtxid));
    }
    MerkleRoot::from_bytes(peaks.root(Shape::MERKLE))
}

/// Shows that a transaction stands at a place of a block, to whoever has the block's header alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InclusionProof {
    /// The transaction's place in the block, 0 for the coinbase.
    pub index: u32,
    /// How many transactions the block has, the coinbase included.
    pub transactions: u32,
    /// The hashes beside the path, from the leaf upward.
    pub siblings: Vec<[u8; 32]>,
}

impl InclusionProof {
    /// Builds the proof for place `index` of a block's transactions; `None` when it has no such place.
    pub fn build(transactions: &[(Txid, Wtxid)], index: u32) -> Option<Self> {
        let leaves: Vec<_> = transactions.iter().map(|(txid, wtxid)| leaf(*txid, *wtxid)).collect();
        let siblings = Shape::MERKLE.path(&leaves, usize::try_from(index).ok()?)?;
        Some(Self { index, transactions: u32::try_from(leaves.len()).ok()?, siblings })
    }

    /// Returns whether this proves that the transaction is under `root`.
    ///
    /// False too for an empty block, a place beyond its end, and a path of another length than that place has.
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

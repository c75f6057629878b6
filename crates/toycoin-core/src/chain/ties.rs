//! Ties: the choice between branches of equal work.

use crate::{
    chain::header_tree::{HeaderTree, NodeId},
    digest::BlockHash,
};

/// How ties between branches of equal work are broken.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ties {
    /// The branch that was complete first stays.
    FirstSeen,
    /// Each block's lot decides: a hash of it and of this secret.
    Lots(u64),
}

impl Ties {
    /// Returns whether a branch that comes later can win a tie.
    pub(super) const fn can_be_won(&self) -> bool {
        !matches!(self, Self::FirstSeen)
    }

    /// Returns whether the branch that ends at `id` wins its tie with the one that ends at `other`.
    pub(super) fn wins(&self, tree: &HeaderTree, id: NodeId, other: NodeId) -> bool {
        match self {
            Self::FirstSeen => false,
            Self::Lots(secret) => lot(*secret, &tree.node(id).hash) < lot(*secret, &tree.node(other).hash),
        }
    }
}

/// Returns the lot of a block: a number that nobody can predict without the secret.
fn lot(secret: u64, hash: &BlockHash) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&secret.to_be_bytes()).update(&hash.to_bytes());
    *hasher.finalize().as_bytes()
}

//! Ties: the choice between branches of equal work.

use crate::{
    block::Block,
    chain::header_tree::{HeaderTree, NodeId},
    digest::BlockHash,
    keys::PublicKey,
    params::ChainParams,
};

/// How ties between branches of equal work are broken.
#[derive(Debug, Clone)]
pub(super) enum Ties {
    /// The branch that was complete first stays.
    FirstSeen,
    /// Each block's lot decides: a hash of it and of this secret.
    Lots(u64),
    /// The branch stays or comes that leaves more fees to the next miner.
    Richer(TakenFees),
}

impl Ties {
    /// Notes what a block takes, if that decides ties.
    pub(super) fn note(&mut self, params: &ChainParams, id: NodeId, block: &Block) {
        if let Self::Richer(taken) = self {
            taken.note(params, id, block);
        }
    }

    /// Returns whether a branch that comes later can win a tie.
    pub(super) const fn can_be_won(&self) -> bool {
        !matches!(self, Self::FirstSeen)
    }

    /// Returns whether the branch that ends at `id` wins its tie with the one that ends at `other`.
    pub(super) fn wins(&self, tree: &HeaderTree, id: NodeId, other: NodeId) -> bool {
        match self {
            Self::FirstSeen => false,
            Self::Lots(secret) => lot(*secret, &tree.node(id).hash) < lot(*secret, &tree.node(other).hash),
            Self::Richer(taken) => {
                let fork = tree.fork_point(id, other);
                taken.since(tree, fork, id) < taken.since(tree, fork, other)
            }
        }
    }
}

/// Returns the lot of a block: a number that nobody can predict without the secret.
fn lot(secret: u64, hash: &BlockHash) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&secret.to_be_bytes()).update(&hash.to_bytes());
    *hasher.finalize().as_bytes()
}

/// The fees that each block takes.
///
/// Of two branches that leave one block, the one that takes less leaves more, if both could take the same payments.
#[derive(Debug, Clone)]
pub(super) struct TakenFees {
    /// The key of this node's own coinbases. Own blocks count as taking nothing: their fees are this node's.
    own: PublicKey,
    /// The fees of each block in grains. A node beyond the end has none.
    grains: Vec<u64>,
}

impl TakenFees {
    /// Begins without blocks: all that are known count as taking nothing.
    pub(super) const fn new(own: PublicKey) -> Self {
        Self { own, grains: Vec::new() }
    }

    /// Notes what a block's coinbase pays beyond the subsidy. The block may still turn out to be invalid.
    fn note(&mut self, params: &ChainParams, id: NodeId, block: &Block) {
        let outputs = block.coinbase.outputs.iter().filter(|output| output.owner != self.own);
        let paid = outputs.fold(0_u64, |sum, output| sum.saturating_add(output.value.grains()));
        if self.grains.len() <= id.index() {
            self.grains.resize(id.index() + 1, 0);
        }
        if let Some(grains) = self.grains.get_mut(id.index()) {
            *grains = paid.saturating_sub(params.subsidy(block.header.height).grains());
        }
    }

    /// Returns the fees in grains that the blocks above `fork` take on the branch that ends at `tip`. It takes time in
    /// proportion to their number.
    fn since(&self, tree: &HeaderTree, fork: NodeId, tip: NodeId) -> u128 {
        let (mut sum, mut at) = (0, tip);
        while at != fork {
            sum += u128::from(self.grains.get(at.index()).copied().unwrap_or(0));
            at = tree.parent(at);
        }
        sum
    }
}

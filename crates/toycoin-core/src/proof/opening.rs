//! Openings: the part of a state that a header hides behind its state root.

use crate::{amount::Amount, commitment::Domain, digest::StateRoot, state::ChainState};

/// The part of the state after a block that nobody can compute from headers. With the money issued, which the schedule
/// gives, and the root over the ancestors, it hashes to the header's state root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Opening {
    /// `H_utxo-digest` of the coins' LtHash.
    pub coins: [u8; 32],
    /// The number of coins.
    pub count: u64,
}

impl Opening {
    /// Returns the opening of a state.
    pub fn of(state: &ChainState) -> Self {
        Self { coins: state.utxo_hash.digest(), count: state.coin_count }
    }

    /// Returns the state root that the opening gives with the money issued and the root over the ancestors.
    pub fn state_root(&self, issued: Amount, ancestors: &[u8; 32]) -> StateRoot {
        let hasher = Domain::State.hasher().bytes(&self.coins).u64(self.count).u64(issued.grains());
        hasher.bytes(ancestors).finish().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::ChainParams;

    #[test]
    fn opening_of_a_state_gives_its_root() {
        let params = ChainParams::lab();
        let state = params.genesis_state();
        let root = Opening::of(state).state_root(state.issued, &state.ancestors.root());
        assert_eq!(root, params.genesis().header.state_root);
        assert_ne!(Opening::of(state).state_root(Amount::ZERO, &state.ancestors.root()), root);
    }
}

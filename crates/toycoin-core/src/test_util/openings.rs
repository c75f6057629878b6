//! What every store must hold of openings: one for each height of the active chain, which gives the state root there.

use std::fmt::Debug;

use crate::{amount::Amount, chain::Chain, state::Ancestors, store::ChainStore};

/// Checks the openings of a chain's store. For each height, the opening must give the header's state root, with the
/// money that the schedule issues and with the ancestors. There must be none above the tip.
///
/// # Panics
/// When the store fails, or an opening is wrong, missing or too many.
pub fn assert_openings<S: ChainStore<Error: Debug>>(chain: &Chain<S>) {
    let opening = |height| chain.store().opening(height).expect("the store failed");
    let mut issued: Amount = chain.params().spec().allocations.iter().map(|output| output.value).sum();
    let mut ancestors = Ancestors::default();
    for height in 0..=chain.height() {
        let entry = chain.header_at(height).expect("the active chain has no gap");
        if height > 0 {
            issued = issued.saturating_add(chain.params().subsidy(height));
        }
        let root = opening(height).map(|opening| opening.state_root(issued, &ancestors.root()));
        assert_eq!(root, Some(entry.header.state_root), "the opening at height {height}");
        ancestors.push(entry.hash, entry.work);
    }
    for above in [chain.height() + 1, chain.height() + 2, u64::MAX] {
        assert_eq!(opening(above), None, "an opening above the tip, at height {above}");
    }
}

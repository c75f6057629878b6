//! A conformance suite for stores.
//!
//! A store of one's own is driven beside the model in memory, through payments, reorganisations, invalid blocks,
//! restarts and moves that arrive in parts. After each step both are asked everything that anybody could ask.

mod answers;
mod pair;
mod scenes;

use std::fmt::Debug;

use crate::{params::ChainParams, store::ChainStore};

/// Checks that a store does what [`ChainStore`] says. `new_store` makes an empty one for a network each time.
///
/// The suite restarts a chain by taking the store out of it and opening it again. What a store does when its process
/// dies, or its disk, is for its own tests.
///
/// ```
/// use toycoin_core::{store::MemoryStore, test_util::store_suite};
///
/// store_suite(|_network| MemoryStore::new());
/// ```
///
/// # Panics
/// At the first answer that is not right, with the question and both answers.
pub fn store_suite<S: ChainStore<Error: Debug>>(mut new_store: impl FnMut(&ChainParams) -> S) {
    let params = ChainParams::regtest();
    scenes::empty(&mut new_store(&params));
    for scene in [scenes::payments, scenes::invalid_block, scenes::waiting, scenes::move_in_parts] {
        scene(&params, new_store(&params));
    }
    for number in 0..TREES {
        let tree = scenes::tree(number);
        scenes::fork_tree(&tree, new_store(tree.params()), number);
    }
}

/// Trees of blocks that a store is driven through, each another and always the same.
const TREES: u32 = 24;

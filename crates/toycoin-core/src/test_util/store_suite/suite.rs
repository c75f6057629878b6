//! The suite: all scenes, each over a new store.

use std::fmt::Debug;

use crate::{params::ChainParams, store::ChainStore, test_util::store_suite::scenes};

/// Checks that a store behaves as [`ChainStore`] says. `new_store` makes an empty store for a network.
///
/// The suite restarts a chain by opening its store again. Crashes of the process or the disk are left to a store's own
/// tests.
///
/// ```
/// use toycoin_core::{store::MemoryStore, test_util::store_suite};
///
/// store_suite(|_network| MemoryStore::new());
/// ```
///
/// # Panics
/// At the first wrong answer, with the question and both answers.
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

/// The number of block trees that a store is driven through. They differ, and are the same in every run.
const TREES: u32 = 24;

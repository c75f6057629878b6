//! Blocks that the stores of all nodes keep in common.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use toycoin_core::{BlockHash, CheckedBlock};

/// Memory of blocks. It keeps none alive: a block lasts as long as a store has it. Clones are the same memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedBlocks(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    blocks: BTreeMap<BlockHash, Weak<CheckedBlock>>,
    /// Number of blocks above which those are removed that no store has.
    full: usize,
}

/// Fewest blocks among which those that no store has are looked for.
const MIN_FULL: usize = 1_024;

impl SharedBlocks {
    /// Returns the copy of a block that is kept in common: the first one that came.
    pub(crate) fn shared(&self, block: &Arc<CheckedBlock>) -> Arc<CheckedBlock> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { blocks, full } = &mut *known;
        match blocks.get(&block.hash()).and_then(Weak::upgrade) {
            // a hash fixes the signatures as well, but not where a sandbox has switched rules off
            Some(first) if first == *block => return first,
            Some(_) => return Arc::clone(block),
            None => {}
        }
        if blocks.len() >= (*full).max(MIN_FULL) {
            blocks.retain(|_, block| block.strong_count() > 0);
            // so that looking costs each new block the same
            *full = 2 * blocks.len();
        }
        blocks.insert(block.hash(), Arc::downgrade(block));
        Arc::clone(block)
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams, SecretKey};

    use super::*;

    fn block(extra: &[u8]) -> Arc<CheckedBlock> {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let (miner, now_ms) = (SecretKey::classroom(1).public_key(), chain.tip().time + 1_000);
        let block = chain.template(Vec::new(), miner, extra, now_ms).unwrap().mine_trivial();
        chain.apply(block, now_ms).unwrap();
        chain.block_at(1).unwrap().unwrap()
    }

    #[test]
    fn the_first_copy_is_kept_and_no_longer_than_needed() {
        let shared = SharedBlocks::default();
        let (first, second, other) = (block(b"a"), block(b"a"), block(b"b"));
        assert!(Arc::ptr_eq(&shared.shared(&first), &first));
        assert!(Arc::ptr_eq(&shared.shared(&second), &first));
        assert!(Arc::ptr_eq(&shared.shared(&other), &other));
        drop(first);
        assert!(Arc::ptr_eq(&shared.shared(&second), &second), "the first is gone");
    }

    #[test]
    fn memory_of_blocks_that_are_gone_is_bounded() {
        let shared = SharedBlocks::default();
        for number in 0..2 * MIN_FULL as u64 {
            drop(shared.shared(&block(&number.to_le_bytes())));
        }
        assert!(shared.0.lock().unwrap().blocks.len() <= MIN_FULL);
    }
}

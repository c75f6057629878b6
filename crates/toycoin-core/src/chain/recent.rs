//! A cache of the latest connected blocks. Followers of the tip ask for them at once, and need no disk access.

use std::{collections::VecDeque, sync::Arc};

use crate::{consensus::CheckedBlock, digest::BlockHash};

/// Most blocks that the cache holds.
const MAX_BLOCKS: usize = 64;

/// Most bytes by formula that the cache holds, unless a single block is larger: 4 MiB.
const MAX_BYTES: u64 = 4 << 20;

/// Blocks that entered the active chain recently, the oldest first. Some may have left it again.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    blocks: VecDeque<(Arc<CheckedBlock>, u64)>,
    bytes: u64,
}

impl Recent {
    pub(super) fn get(&self, hash: &BlockHash) -> Option<Arc<CheckedBlock>> {
        self.blocks.iter().rev().map(|(block, _)| block).find(|block| block.hash() == *hash).cloned()
    }

    pub(super) fn push(&mut self, block: &Arc<CheckedBlock>) {
        let bytes = block.block().size();
        self.bytes += bytes;
        self.blocks.push_back((Arc::clone(block), bytes));
        while self.blocks.len() > MAX_BLOCKS || (self.bytes > MAX_BYTES && self.blocks.len() > 1) {
            self.bytes -= self.blocks.pop_front().map_or(0, |(_, bytes)| bytes);
        }
    }
}

//! What a light client's user keeps: the blocks that concern its owner, and the machine's saved state.

use std::collections::BTreeMap;

use toycoin_core::Block;
use toycoin_light::machine::Saved;

/// What a light client's user keeps on its disk. A restart begins with the last copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notebook {
    /// The blocks that were reported and not taken back, by height.
    pub(crate) found: BTreeMap<u64, Block>,
    /// What the machine saved; `None` before the first time.
    pub(crate) saved: Option<Saved>,
}

impl Notebook {
    /// Forgets the blocks above a height.
    pub(crate) fn rewind(&mut self, height: u64) {
        self.found.split_off(&height.saturating_add(1));
    }

    /// Returns a copy with what the machine saves now. The blocks above it are reported again, so they are left out.
    pub(crate) fn copy(&self, saved: Saved) -> Self {
        let mut copy = Self { found: self.found.clone(), saved: None };
        copy.rewind(saved.searched);
        copy.saved = Some(saved);
        copy
    }
}

//! The tactic of a miner who dates his blocks ahead, and publishes each at once.

use std::time::Duration;

use toycoin_core::Block;
use toycoin_sim::{
    adversary::{PrivateChain, Said, Scene, Tactic},
    miner_key,
};

use crate::attacks::history::milliseconds;

/// How far ahead blocks are dated.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ahead {
    /// So far ahead of the clock at which each is found.
    OfClock(Duration),
    /// So far after its parent, whatever the clock says.
    OfParent(Duration),
}

/// Mines on the public tip, with times of his own.
#[derive(Debug)]
pub(super) struct Dated {
    ahead: Ahead,
    private: Option<PrivateChain>,
}

impl Dated {
    pub(super) const fn new(ahead: Ahead) -> Self {
        Self { ahead, private: None }
    }

    /// Dates the next block.
    fn date(&mut self) {
        let Some(private) = &mut self.private else { return };
        match self.ahead {
            Ahead::OfClock(time) => private.date_ahead(milliseconds(time)),
            Ahead::OfParent(time) => {
                let parent = private.chain().headers().best().header.time;
                private.date_next(Some(parent.saturating_add(milliseconds(time))));
            }
        }
    }
}

impl Tactic for Dated {
    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        match &mut self.private {
            // his own block comes back to him through his own node
            Some(private) if private.tip().work >= scene.chain.tip().work => return Vec::new(),
            Some(private) => private.adopt(scene.chain),
            None => self.private = Some(PrivateChain::on(scene.chain, miner_key(scene.node).public_key())),
        }
        self.date();
        Vec::new()
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        self.private.as_mut()
    }

    fn found(&mut self, _: &Block, _: &mut Scene<'_>) -> Vec<Said> {
        let said = self.private.as_mut().map(|private| private.publish_to(u64::MAX)).unwrap_or_default();
        self.date();
        said
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}

//! A flood of headers that cost next to nothing.

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::adversary::{Said, Scene, Tactic, forge::ForgedChain};

/// Makes up one branch after the other from genesis, each right in every header and with less work than the real chain
/// has; claims that it has more than any, and pushes it on everybody, asked or not.
#[derive(Debug, Clone, Default)]
pub struct HeaderFlood {
    length: u64,
    forged: ForgedChain,
}

impl HeaderFlood {
    /// Makes branches of so many blocks, or as many as there was time for since genesis.
    pub fn new(length: u64) -> Self {
        Self { length, forged: ForgedChain::default() }
    }
}

impl Tactic for HeaderFlood {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Option<Vec<Said>> {
        match message {
            NodeMessage::GetHeaders(_) => self.forged.answer(from, message),
            _ => None,
        }
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let Some(forged) = ForgedChain::easiest(scene, self.length) else { return Vec::new() };
        self.forged = forged;
        let work = scene.chain.tip().work;
        let status = self.forged.status(scene, work + work);
        let pushed = NodeMessage::Headers(self.forged.first_page());
        status.into_iter().chain([pushed]).map(|message| (None, message)).collect()
    }
}

//! Flood of headers that cost almost nothing.

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::adversary::{Heard, Said, Scene, Tactic, forge::ForgedChain};

/// Forges one branch after the other from genesis. Each header is valid, and each branch has less work than the real
/// chain.
///
/// The adversary claims that the branch has more work than any chain, and pushes its headers to everybody without a
/// request.
#[derive(Debug, Clone, Default)]
pub struct HeaderFlood {
    length: u64,
    forged: ForgedChain,
}

impl HeaderFlood {
    /// Returns a flood of branches of up to `length` blocks, as many as time since genesis allows.
    pub fn new(length: u64) -> Self {
        Self { length, forged: ForgedChain::default() }
    }
}

impl Tactic for HeaderFlood {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        match message {
            NodeMessage::GetHeaders(_) => self.forged.answer(from, message).into(),
            _ => Heard::Pass,
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

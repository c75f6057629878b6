//! Heavier chain whose bodies hardly ever arrive.

use std::time::Duration;

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::adversary::{Heard, Said, Scene, Tactic, forge::ForgedChain};

/// Shows the headers of a valid branch with more work than the real chain, but withholds its bodies.
///
/// It sends one body every few seconds, and only those that do not let the branch overtake the real chain. Then it
/// forges the next branch.
#[derive(Debug, Clone)]
pub struct TrickledBodies {
    every: Duration,
    /// Number of blocks of a branch.
    length: usize,
    forged: ForgedChain,
    sent: usize,
}

impl TrickledBodies {
    /// Returns an adversary that sends one body per `every`, from branches of `length` blocks.
    pub fn new(every: Duration, length: usize) -> Self {
        Self { every, length, forged: ForgedChain::default(), sent: 0 }
    }
}

/// Number of blocks below the tip at which a branch leaves the real chain.
const DEPTH: u64 = 10;

impl Tactic for TrickledBodies {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        let Some(answer) = self.forged.answer(from, message) else { return Heard::Pass };
        Heard::Instead(if matches!(message, NodeMessage::GetHeaders(_)) { answer } else { Vec::new() })
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let tip = scene.chain.tip();
        if tip.height <= DEPTH + 2 {
            return Vec::new();
        }
        let mut body = self.forged.body(self.sent, tip.work);
        if body.is_none() {
            self.forged = ForgedChain::private(scene, tip.height - DEPTH, self.length).unwrap_or_default();
            self.sent = 0;
            body = self.forged.body(0, tip.work);
        }
        self.sent += 1;
        let status = self.forged.own_status(scene);
        status.into_iter().chain(body.map(NodeMessage::Block)).map(|message| (None, message)).collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.every)
    }
}

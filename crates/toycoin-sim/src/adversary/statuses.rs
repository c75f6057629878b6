//! Flood of status messages.

use std::time::Duration;

use toycoin_core::BlockHash;
use toycoin_wire::node::{NodeMessage, Status};

use crate::adversary::{Said, Scene, Tactic};

/// Publishes statuses with a new tip, height and work each; about half of them claim more work than the real chain has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusFlood {
    /// Number of statuses per second.
    pub burst: usize,
    /// Unix time in milliseconds that they claim; `None` means the true time.
    pub time: Option<u64>,
}

impl Tactic for StatusFlood {
    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let genesis = scene.chain.params().genesis_hash();
        let status = |_| {
            // a random amount from nothing to twice the work of the tip
            let mut work = scene.chain.tip().work.to_be_bytes();
            if let Some(low) = work.last_chunk_mut() {
                *low = scene.dice.below(u64::from_be_bytes(*low).saturating_mul(2)).to_be_bytes();
            }
            let (tip, height) = (BlockHash::from_bytes(scene.dice.bytes()), scene.dice.number());
            let time = self.time.unwrap_or(scene.unix_ms);
            (None, NodeMessage::Status(Status { genesis, tip, height, work, time }))
        };
        (0..self.burst).map(status).collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

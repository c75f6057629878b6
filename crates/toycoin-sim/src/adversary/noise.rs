//! Flood of payloads that are not messages between nodes, which only fills the relays' queues.

use std::time::Duration;

use crate::adversary::{Scene, Tactic};

/// Publishes payloads with an unknown tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// Bytes of each payload, at least 12 and at most 1.5 MiB.
    pub bytes: usize,
    /// Number of payloads per 500 ms.
    pub burst: usize,
}

impl Tactic for Noise {
    fn payloads(&mut self, scene: &mut Scene<'_>) -> Vec<Vec<u8>> {
        let payload = |number: u64| {
            let mut payload = b"NOIS".to_vec();
            payload.extend(number.to_le_bytes());
            payload.resize(self.bytes.max(12), 0);
            payload
        };
        (0..self.burst).map(|_| payload(scene.dice.number())).collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_millis(500))
    }
}

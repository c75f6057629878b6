//! A cache of bodies that were read for a peer recently. Another peer may request the same block, or the next payment
//! in it.

use std::{collections::VecDeque, sync::Arc};

use toycoin_core::{BlockHash, CheckedBlock};

use crate::limits;

/// The most recently used bodies, the latest at the end.
#[derive(Debug, Default)]
pub(super) struct KeptBodies {
    bodies: VecDeque<Arc<CheckedBlock>>,
    bytes: u64,
}

impl KeptBodies {
    /// Returns a body if the cache has it.
    pub(super) fn get(&mut self, hash: &BlockHash) -> Option<Arc<CheckedBlock>> {
        let place = self.bodies.iter().position(|body| body.hash() == *hash)?;
        let body = self.bodies.remove(place)?;
        self.bodies.push_back(Arc::clone(&body));
        Some(body)
    }

    /// Inserts a body, and removes those that were unused for longest.
    pub(super) fn keep(&mut self, body: Arc<CheckedBlock>) {
        if self.get(&body.hash()).is_some() {
            return;
        }
        self.bytes += body.block().size();
        self.bodies.push_back(body);
        while self.bytes > limits::KEPT_BODY_BYTES || self.bodies.len() > limits::KEPT_BODIES {
            let Some(oldest) = self.bodies.pop_front() else { return };
            self.bytes -= oldest.block().size();
        }
    }

    /// Returns the size of all bodies by formula, in bytes.
    #[cfg(feature = "test-util")]
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{ChainParams, chain::Chain, test_util::classroom};

    use super::*;

    fn bodies(count: u64) -> Vec<Arc<CheckedBlock>> {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        for _ in 0..count {
            let time = chain.tip().time + 1_000;
            let block = chain.template(Vec::new(), classroom::owner(0), b"", time).unwrap().mine_trivial();
            chain.apply(block, time).unwrap();
        }
        (1..=count).map(|height| chain.block_at(height).unwrap().unwrap()).collect()
    }

    #[test]
    fn least_recently_used_body_is_let_go() {
        let bodies = bodies(limits::KEPT_BODIES as u64 + 1);
        let mut kept = KeptBodies::default();
        for body in &bodies[..limits::KEPT_BODIES] {
            kept.keep(Arc::clone(body));
        }
        assert!(kept.get(&bodies[0].hash()).is_some());
        kept.keep(Arc::clone(&bodies[limits::KEPT_BODIES]));
        assert!(kept.get(&bodies[0].hash()).is_some());
        assert!(kept.get(&bodies[1].hash()).is_none());
        assert_eq!(kept.bytes(), kept.bodies.iter().map(|body| body.block().size()).sum());
    }
}

//! How much gossip is looked at that cannot be judged: its ids are told to the node, which asks others for it.
//!
//! An id takes a decoding and a hash, about as much as gossipsub does for the message. Whoever sends far more than this
//! node takes should not cost it that each time, so there is a rate for each neighbour, and one for all.

use std::collections::BTreeMap;

use libp2p::PeerId;
use tokio::time::Instant;

use crate::limits::{MISSES_INTERVAL, MISSES_OF_ALL, MISSES_OF_PEER};

/// The messages that were looked at in the present interval.
#[derive(Debug)]
pub(super) struct Misses {
    since: Instant,
    of_peer: BTreeMap<PeerId, usize>,
    of_all: usize,
}

impl Misses {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), of_peer: BTreeMap::new(), of_all: 0 }
    }

    /// Returns whether a message of a neighbour may be looked at now, and counts it then.
    pub(super) fn take(&mut self, peer: PeerId, now: Instant) -> bool {
        if now >= self.since + MISSES_INTERVAL {
            *self = Self { since: now, of_peer: BTreeMap::new(), of_all: 0 };
        }
        if self.of_all >= MISSES_OF_ALL {
            return false;
        }
        let of_peer = self.of_peer.entry(peer).or_default();
        if *of_peer >= MISSES_OF_PEER {
            return false;
        }
        *of_peer += 1;
        self.of_all += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_looked_at_up_to_a_rate() {
        let mut misses = Misses::new();
        let start = misses.since;
        let (loud, quiet) = (PeerId::random(), PeerId::random());
        assert_eq!((0..1_000).filter(|_| misses.take(loud, start)).count(), MISSES_OF_PEER);
        assert!(misses.take(quiet, start));
        let others = (0..1_000).filter(|_| misses.take(PeerId::random(), start));
        assert_eq!(others.count(), MISSES_OF_ALL - MISSES_OF_PEER - 1);
        assert_eq!(misses.of_peer.len(), MISSES_OF_ALL - MISSES_OF_PEER + 1);
        assert!(misses.take(loud, start + MISSES_INTERVAL));
    }
}

//! Muted peers: nobody connects to them, and nobody is told of them.
//!
//! A mute goes by peer id alone. An IP address is never muted, because a whole classroom may share it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::PeerId;
use crate::{
    limits,
    machine::{Monotonic, Now},
};

/// Muted peers with the end of each mute, up to a bound.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    by_peer: BTreeMap<PeerId, Monotonic>,
    /// The same mutes by their end, the earliest first.
    by_end: BTreeSet<(Monotonic, PeerId)>,
}

impl Mutes {
    /// Returns the number of muted peers.
    pub(super) fn len(&self) -> usize {
        self.by_peer.len()
    }

    /// Mutes a peer, at most for a day. A mute that ends later stays. A full table forgets the mute with the earliest
    /// end.
    pub(super) fn mute(&mut self, peer: PeerId, time: Duration, now: Monotonic) {
        let until = now + time.min(limits::MAX_SHUN);
        if until <= now || self.until(&peer).is_some_and(|before| before >= until) {
            return;
        }
        if let Some(before) = self.by_peer.insert(peer.clone(), until) {
            self.by_end.remove(&(before, peer.clone()));
        }
        self.by_end.insert((until, peer));
        if self.by_peer.len() > limits::SHUNNED_PEERS
            && let Some((_, first)) = self.by_end.pop_first()
        {
            self.by_peer.remove(&first);
        }
    }

    /// Returns the end of a peer's mute; `None` if it is not muted.
    pub(super) fn until(&self, peer: &PeerId) -> Option<Monotonic> {
        self.by_peer.get(peer).copied()
    }

    /// Returns the end of the mute that ends first.
    pub(super) fn first_end(&self) -> Option<Monotonic> {
        self.by_end.first().map(|(end, _)| *end)
    }

    /// Forgets the mutes that are over; returns whether there were any.
    pub(super) fn expire(&mut self, now: Monotonic) -> bool {
        let mut any = false;
        while self.first_end().is_some_and(|end| end <= now)
            && let Some((_, peer)) = self.by_end.pop_first()
        {
            self.by_peer.remove(&peer);
            any = true;
        }
        any
    }

    /// Returns each muted peer with the end of its mute in Unix seconds, rounded up.
    pub(super) fn unix_ends(&self, now: Now) -> impl Iterator<Item = (&PeerId, u64)> {
        self.by_peer.iter().map(move |(peer, end)| {
            let left = end.saturating_since(now.monotonic).as_millis();
            let end_ms = now.unix_ms.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
            (peer, end_ms.div_ceil(1_000))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> PeerId {
        PeerId::from_bytes(&number.to_be_bytes()).unwrap()
    }

    #[test]
    fn mutes_end_and_the_longer_one_counts() {
        let mut mutes = Mutes::default();
        let at = |seconds| Monotonic::new(Duration::from_secs(seconds));
        mutes.mute(peer(1), Duration::from_secs(10), at(0));
        mutes.mute(peer(1), Duration::from_secs(3), at(2));
        mutes.mute(peer(2), Duration::ZERO, at(2));
        mutes.mute(peer(3), Duration::MAX, at(2));
        assert_eq!(mutes.until(&peer(1)), Some(at(10)));
        assert_eq!(mutes.until(&peer(2)), None);
        assert_eq!(mutes.until(&peer(3)), Some(at(86_402)));
        assert!(!mutes.expire(at(9)) && mutes.expire(at(10)));
        assert_eq!((mutes.until(&peer(1)), mutes.first_end(), mutes.len()), (None, Some(at(86_402)), 1));
    }

    #[test]
    fn the_table_keeps_the_mutes_that_end_last() {
        let mut mutes = Mutes::default();
        let most = u32::try_from(limits::SHUNNED_PEERS).unwrap();
        for number in 0..most + 10 {
            mutes.mute(peer(number), Duration::from_secs(1 + u64::from(number)), Monotonic::ORIGIN);
        }
        assert_eq!((mutes.len(), mutes.by_end.len()), (limits::SHUNNED_PEERS, limits::SHUNNED_PEERS));
        assert!(mutes.until(&peer(9)).is_none() && mutes.until(&peer(10)).is_some());
    }
}

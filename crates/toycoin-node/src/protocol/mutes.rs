//! Muted peers, with the end of each mute and the number of mutes.
//!
//! A first mute is short: a relay can alter what it delivers, and must not silence the only peer for long. A peer that
//! continues is muted for twice as long each time. The table outlives the peers, so a peer that was forgotten returns
//! with its mutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{limits, machine::Monotonic, protocol::peer_key::PeerKey, relay::ConnectionId};

/// Mutes by peer, up to a bound.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    by_peer: BTreeMap<PeerKey, Mute>,
    /// The same mutes by their end, the earliest first.
    by_end: BTreeSet<(Monotonic, PeerKey)>,
}

#[derive(Debug, Clone, Copy)]
struct Mute {
    /// Number of the peer's mutes, halved with each hour without one.
    count: u32,
    began: Monotonic,
    until: Monotonic,
}

impl Mutes {
    #[cfg(feature = "test-util")]
    pub(super) fn len(&self) -> usize {
        self.by_peer.len()
    }

    /// Returns the end of a peer's last mute; `None` if none is remembered.
    pub(super) fn until(&self, peer: &PeerKey) -> Option<Monotonic> {
        self.by_peer.get(peer).map(|mute| mute.until)
    }

    pub(super) fn is_muted(&self, peer: &PeerKey, now: Monotonic) -> bool {
        self.until(peer).is_some_and(|until| now < until)
    }

    /// Mutes a peer and returns the end of the mute. A full table forgets the mute with the earliest end.
    pub(super) fn mute(&mut self, peer: PeerKey, now: Monotonic) -> Monotonic {
        let before = self.by_peer.get(&peer).copied();
        let count = before.map_or(0, |mute| mute.count_at(now)).saturating_add(1).min(limits::MAX_MUTE_COUNT);
        let until = now + length(count);
        if let Some(before) = before {
            self.by_end.remove(&(before.until, peer));
        } else if self.by_peer.len() >= limits::MUTES
            && let Some((_, first)) = self.by_end.pop_first()
        {
            self.by_peer.remove(&first);
        }
        self.by_peer.insert(peer, Mute { count, began: now, until });
        self.by_end.insert((until, peer));
        until
    }

    /// Forgets the peers of a connection that is gone, because a connection's name is never used again.
    pub(super) fn remove_connection(&mut self, connection: ConnectionId) {
        self.by_peer.retain(|(at, _), _| *at != connection);
        self.by_end.retain(|(_, (at, _))| *at != connection);
    }
}

impl Mute {
    /// Returns the remaining count.
    fn count_at(&self, now: Monotonic) -> u32 {
        let hours = now.saturating_since(self.began).as_secs() / limits::MUTE_COUNT_HALVES.as_secs();
        u32::try_from(hours).ok().and_then(|hours| self.count.checked_shr(hours)).unwrap_or(0)
    }
}

/// Returns the duration of the mute with this number: 5 s for the first, each further one twice as long, at most 10
/// minutes.
fn length(count: u32) -> Duration {
    let doubled = 1u32.checked_shl(count.saturating_sub(1)).unwrap_or(u32::MAX);
    limits::MUTE_FIRST.saturating_mul(doubled).min(limits::MAX_MUTE)
}

#[cfg(test)]
mod tests {
    use toycoin_wire::NodeId;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn peer(number: u64) -> PeerKey {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_le_bytes());
        (ConnectionId(1), NodeId::new(id))
    }

    /// Mutes a peer `times` times, each time as soon as it is no longer muted, and returns each mute's seconds.
    fn mute_again_and_again(mutes: &mut Mutes, mut now: Monotonic, times: usize) -> Vec<u64> {
        let mut lengths = Vec::new();
        for _ in 0..times {
            let until = mutes.mute(peer(1), now);
            assert!(mutes.is_muted(&peer(1), now) && !mutes.is_muted(&peer(1), until));
            lengths.push(until.saturating_since(now).as_secs());
            now = until;
        }
        lengths
    }

    #[test]
    fn mutes_double_up_to_ten_minutes() {
        let lengths = mute_again_and_again(&mut Mutes::default(), Monotonic::ORIGIN, 10);
        assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    }

    #[test]
    fn the_count_halves_with_each_quiet_hour() {
        for (hours, next) in [(0, 600), (1, 80), (2, 20), (3, 10), (4, 5), (30, 5), (100_000, 5)] {
            let mut mutes = Mutes::default();
            mute_again_and_again(&mut mutes, Monotonic::ORIGIN, 8);
            let began = mutes.by_peer[&peer(1)].began;
            let now = (began + HOUR * hours).max(began + limits::MAX_MUTE);
            assert_eq!(mutes.mute(peer(1), now).saturating_since(now).as_secs(), next, "{hours} h");
        }
    }

    #[test]
    fn the_table_is_bounded_and_keeps_those_that_end_last() {
        let mut mutes = Mutes::default();
        for number in 0..5 {
            mutes.mute(peer(u64::MAX), Monotonic::new(Duration::from_secs(number)));
        }
        let start = Monotonic::new(Duration::from_secs(5));
        for number in 0..2 * limits::MUTES as u64 {
            mutes.mute(peer(number), start);
        }
        assert_eq!((mutes.len(), mutes.by_end.len()), (limits::MUTES, limits::MUTES));
        assert!(mutes.is_muted(&peer(u64::MAX), start + Duration::from_secs(60)));
        assert!(mutes.until(&peer(0)).is_none(), "the first to end");
    }

    #[test]
    fn a_connection_takes_its_mutes_along() {
        let mut mutes = Mutes::default();
        mutes.mute(peer(1), Monotonic::ORIGIN);
        mutes.remove_connection(ConnectionId(2));
        assert_eq!(mutes.len(), 1);
        mutes.remove_connection(ConnectionId(1));
        assert_eq!((mutes.len(), mutes.by_end.len()), (0, 0));
    }
}

//! Mutes for what the machine does not see: frames that break the protocol of questions and answers.

use std::{collections::HashMap, time::Duration};

use libp2p::PeerId;
use toycoin_node::machine::Monotonic;

use crate::limits::{MAX_MUTE, MAX_MUTES, MUTE_FIRST, MUTE_HALF_LIFE};

/// How often each peer was muted. The times are those of docs/protocol.md: 5 s, twice as long with each further mute,
/// up to 10 minutes; the count halves with each hour without one.
#[derive(Debug, Default)]
pub(crate) struct Mutes(HashMap<PeerId, Mute>);

#[derive(Debug, Clone, Copy)]
struct Mute {
    count: u32,
    ends: Monotonic,
}

impl Mutes {
    /// Counts a mute, and returns how long it lasts.
    pub(crate) fn mute(&mut self, peer: PeerId, now: Monotonic) -> Duration {
        if !self.0.contains_key(&peer) && self.0.len() >= MAX_MUTES {
            // the mute that ended first makes room
            let first = self.0.iter().min_by_key(|(peer, mute)| (mute.ends, **peer)).map(|(peer, _)| *peer);
            first.map(|peer| self.0.remove(&peer));
        }
        let before = self.0.get(&peer).map_or(0, |mute| {
            let hours = now.saturating_since(mute.ends).as_secs() / MUTE_HALF_LIFE.as_secs();
            u32::try_from(hours).ok().and_then(|hours| mute.count.checked_shr(hours)).unwrap_or(0)
        });
        let time = MUTE_FIRST.saturating_mul(1 << before.min(16)).min(MAX_MUTE);
        self.0.insert(peer, Mute { count: before.saturating_add(1), ends: now + time });
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn mutes_double_up_to_ten_minutes_and_are_forgotten() {
        let (mut mutes, peer) = (Mutes::default(), PeerId::random());
        let mut now = Monotonic::ORIGIN;
        let times: Vec<_> = (0..9).map(|_| mutes.mute(peer, now).as_secs()).collect();
        assert_eq!(times, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        // 9 mutes have become 4 after an hour, and none after five
        now = now + Duration::from_secs(600) + HOUR;
        assert_eq!(mutes.mute(peer, now).as_secs(), 80);
        now = now + Duration::from_secs(80) + HOUR * 5;
        assert_eq!(mutes.mute(peer, now).as_secs(), 5);
        assert_eq!(mutes.mute(PeerId::random(), now).as_secs(), 5);
    }

    #[test]
    fn remembered_mutes_are_bounded() {
        let mut mutes = Mutes::default();
        for _ in 0..MAX_MUTES + 10 {
            mutes.mute(PeerId::random(), Monotonic::ORIGIN);
        }
        assert_eq!(mutes.0.len(), MAX_MUTES);
    }
}

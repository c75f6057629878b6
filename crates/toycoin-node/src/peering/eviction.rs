//! Eviction: which inbound peer goes when all slots are taken and another one comes.
//!
//! An attacker can open any number of connections. So the peers are spared in which it is hard to resemble an honest
//! one: those of netgroups that a keyed hash prefers, those that are near, useful, or here for long. Of the others, the
//! youngest of the largest netgroup goes. The method is that of Bitcoin Core.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use super::{PeerId, netgroup::Netgroup};
use crate::{limits, machine::Monotonic};

/// An inbound peer that may have to go.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) peer: PeerId,
    pub(super) group: Netgroup,
    /// The secret rank of its netgroup.
    pub(super) rank: u16,
    /// When it was connected.
    pub(super) since: Monotonic,
    /// Its lowest round trip time.
    pub(super) ping: Option<Duration>,
    /// When it brought a block last.
    pub(super) block: Option<Monotonic>,
    /// When it brought a transaction last.
    pub(super) transaction: Option<Monotonic>,
}

/// Returns the peer that goes; `None` if all are spared.
pub(super) fn evicted(mut candidates: Vec<Candidate>) -> Option<PeerId> {
    spare(&mut candidates, limits::SPARED_BY_GROUP, |peer| Some(peer.rank));
    spare(&mut candidates, limits::SPARED_BY_PING, |peer| peer.ping.map(Reverse));
    spare(&mut candidates, limits::SPARED_BY_BLOCK, |peer| peer.block);
    spare(&mut candidates, limits::SPARED_BY_TRANSACTION, |peer| peer.transaction);
    let half = candidates.len() / 2;
    spare(&mut candidates, half, |peer| Some(Reverse(peer.since)));
    let mut groups = BTreeMap::<Netgroup, Vec<Candidate>>::new();
    for candidate in candidates {
        groups.entry(candidate.group).or_default().push(candidate);
    }
    let youngest = |peers: &[Candidate]| peers.iter().map(|peer| peer.since).max();
    let largest = groups.into_values().max_by_key(|peers| (peers.len(), youngest(peers)))?;
    largest.into_iter().max_by_key(|peer| peer.since).map(|peer| peer.peer)
}

/// Spares up to `most` peers with the greatest keys; one without a key is not spared.
fn spare<K: Ord>(candidates: &mut Vec<Candidate>, most: usize, key: impl Fn(&Candidate) -> Option<K>) {
    candidates.sort_by_key(&key);
    for _ in 0..most {
        if candidates.pop_if(|last| key(last).is_some()).is_none() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns peers of some netgroups, so many of each. Those of a higher netgroup came later.
    fn peers(groups: &[(u8, u32)]) -> Vec<Candidate> {
        let of = |(group, count): &(u8, u32)| {
            let group = *group;
            (0..*count).map(move |number| Candidate {
                peer: PeerId::from_bytes(&[group, number.to_be_bytes()[3]]).unwrap(),
                group: Netgroup::of([30, group, 1, 1].into()),
                rank: u16::from(group),
                since: Monotonic::new(Duration::from_secs(u64::from(group) * 1_000 + u64::from(number))),
                ping: None,
                block: None,
                transaction: None,
            })
        };
        groups.iter().flat_map(of).collect()
    }

    fn id(group: u8, number: u8) -> PeerId {
        PeerId::from_bytes(&[group, number]).unwrap()
    }

    #[test]
    fn the_youngest_of_the_largest_group_goes() {
        // the 4 of group 9 are spared by rank, and of the other 20 the older half
        let all = peers(&[(1, 10), (2, 6), (3, 4), (9, 4)]);
        assert_eq!(evicted(all), Some(id(2, 5)));
        // groups of the same size: the one with the youngest peer
        let all = peers(&[(1, 6), (2, 3), (3, 3), (9, 4)]);
        assert_eq!(evicted(all), Some(id(3, 2)));
    }

    #[test]
    fn whoever_is_near_or_useful_is_spared() {
        let marks: [fn(&mut Candidate); 3] = [
            |peer| peer.ping = Some(Duration::from_millis(1)),
            |peer| peer.block = Some(Monotonic::ORIGIN),
            |peer| peer.transaction = Some(Monotonic::ORIGIN),
        ];
        for mark in marks {
            let mut all = peers(&[(1, 10), (2, 6), (9, 4)]);
            let victim = evicted(all.clone()).unwrap();
            mark(all.iter_mut().find(|peer| peer.peer == victim).unwrap());
            assert_ne!(evicted(all).unwrap(), victim);
        }
    }

    #[test]
    fn the_lowest_pings_and_latest_bringers_are_spared() {
        let mut all = peers(&[(1, 100)]);
        for (number, peer) in (0..).zip(&mut all) {
            peer.ping = Some(Duration::from_millis(number));
        }
        spare(&mut all, 4, |peer| peer.ping.map(Reverse));
        assert!(all.iter().all(|peer| peer.ping >= Some(Duration::from_millis(4))));
        assert_eq!(all.len(), 96);
    }

    #[test]
    fn few_peers_are_all_spared() {
        assert_eq!(evicted(peers(&[(1, 4)])), None);
        assert_eq!(evicted(Vec::new()), None);
        assert!(evicted(peers(&[(1, 5)])).is_some());
    }

    #[test]
    fn an_attacker_cannot_push_out_the_old() {
        // 40 honest peers of 40 groups came first, then 77 of one group; each newcomer of the same group evicts one
        let mut all: Vec<_> = (1..=40).flat_map(|group| peers(&[(group, 1)])).collect();
        all.extend(peers(&[(200, 77)]));
        for _ in 0..200 {
            let victim = evicted(all.clone()).unwrap();
            all.retain(|peer| peer.peer != victim);
            assert_eq!(victim.as_bytes()[0], 200);
            let mut newcomer = peers(&[(200, 1)]).remove(0);
            newcomer.peer = victim;
            newcomer.since = Monotonic::new(Duration::from_secs(1_000_000));
            all.push(newcomer);
        }
    }
}

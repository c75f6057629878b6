//! Requests for headers that are not answered yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::BlockHash;

use super::held::Held;
use crate::{limits, machine::Monotonic, protocol::peer_key::PeerKey, relay::ConnectionId};

/// An unanswered request for headers.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) at: Monotonic,
    /// Time after which the answer is late, unless it waits behind others in the relay's queue.
    pub(super) due: Monotonic,
    /// Our best header at the time of the request.
    pub(super) best: BlockHash,
    /// Held headers before the requested page, which are not in the tree.
    pub(super) held: Option<Held>,
    /// Whether held headers were dropped meanwhile.
    pub(super) held_no_more: bool,
    /// Whether the previous page entered the tree.
    pub(super) leads: bool,
    /// Whether the relay dropped deliveries for us, perhaps including the answer.
    pub(super) is_doubtful: bool,
    /// Whether the node has noticed that the answer is due.
    pub(super) was_due: bool,
}

impl Asked {
    /// Returns a request of which nothing is known but its time and our best header.
    const fn before(now: Monotonic, best: BlockHash) -> Self {
        let (held_no_more, leads, is_doubtful, was_due) = (true, false, false, true);
        Self { at: now, due: now, best, held: None, held_no_more, leads, is_doubtful, was_due }
    }

    fn held(&self) -> usize {
        self.held.as_ref().map_or(0, Held::len)
    }
}

/// The requests to all peers, at most one each.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Requests whose answers are awaited.
    open: BTreeMap<PeerKey, Asked>,
    /// Requests whose answers are late, but still accepted.
    late: BTreeMap<PeerKey, Asked>,
}

impl Requests {
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.open.values().filter(|asked| !asked.was_due).map(|asked| asked.due).min()
    }

    /// Returns the number of headers that are held back.
    pub(super) fn held(&self) -> usize {
        self.open.values().chain(self.late.values()).map(Asked::held).sum()
    }

    /// Removes the requests to peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.open.retain(|key, _| !gone(key));
        self.late.retain(|key, _| !gone(key));
    }

    /// Adjusts requests after a relay dropped deliveries: the answer may be lost, so the timeout becomes short.
    pub(super) fn doubt(&mut self, connection: ConnectionId, patience: Duration, now: Monotonic) {
        for (_, asked) in self.open.iter_mut().filter(|(key, _)| key.0 == connection) {
            (asked.is_doubtful, asked.was_due) = (true, false);
            asked.due = asked.due.min((asked.at + patience).max(now));
        }
    }

    /// Returns the requests on a connection whose answers are not late.
    pub(super) fn open_on(&self, connection: ConnectionId) -> impl Iterator<Item = (&PeerKey, &Asked)> {
        self.open.iter().filter(move |(key, _)| key.0 == connection)
    }

    pub(super) fn is_open(&self, peer: &PeerKey) -> bool {
        self.open.contains_key(peer)
    }

    /// Records a new request, which replaces the last one to the same peer.
    pub(super) fn ask(&mut self, peer: PeerKey, asked: Asked) {
        self.late.remove(&peer);
        self.open.insert(peer, asked);
    }

    /// Takes the request that a peer has answered, and returns it with whether the answer is late.
    pub(super) fn answered(&mut self, peer: &PeerKey, now: Monotonic, best: BlockHash) -> (Asked, bool) {
        match self.open.remove(peer) {
            Some(asked) => (asked, false),
            None => (self.late.remove(peer).unwrap_or_else(|| Asked::before(now, best)), true),
        }
    }

    /// Removes the request to a peer that does not answer it any more. Returns whether its answer was still awaited.
    pub(super) fn given_up(&mut self, peer: &PeerKey) -> bool {
        self.late.remove(peer);
        self.open.remove(peer).is_some()
    }

    /// Makes the request to a peer due that has waited for as long as an answer may take.
    pub(super) fn timed_out(&mut self, peer: &PeerKey, now: Monotonic) {
        self.late.remove(peer);
        // a younger one is another request
        let asked = self.open.get_mut(peer).filter(|asked| asked.at + limits::ASK_PATIENCE <= now);
        if let Some(asked) = asked {
            (asked.due, asked.was_due) = (asked.due.min(now), false);
        }
    }

    /// Takes the doubtful requests that are late, and marks the others. `has_passed` returns whether all that waited at
    /// a relay at a time has arrived; until then an answer that is due may only wait behind it.
    pub(super) fn lapse(&mut self, now: Monotonic, has_passed: impl Fn(ConnectionId, Monotonic) -> bool) -> Lapsed {
        let mut lapsed = Lapsed::default();
        let mut late = Vec::new();
        for (key, asked) in self.open.iter_mut().filter(|(_, asked)| asked.due <= now) {
            asked.was_due = true;
            if has_passed(key.0, asked.due) {
                late.push(*key);
            } else {
                lapsed.unclear.insert(key.0);
            }
        }
        for key in late {
            let Some(asked) = self.open.remove(&key) else { continue };
            lapsed.late.push((key, asked.is_doubtful));
            // a lost answer will not come
            if !asked.is_doubtful {
                self.late.insert(key, asked);
            }
        }
        lapsed
    }

    /// Drops other held branches until one more page fits after one with `count` headers. The branches that hold most
    /// go first, so that each connection has its share. Returns false if that branch itself holds most.
    pub(super) fn make_room(&mut self, count: usize) -> bool {
        while self.held() + count + limits::HEADERS_A_MESSAGE > limits::HELD_HEADERS {
            let asked = self.open.values_mut().chain(self.late.values_mut());
            let Some(most) = asked.max_by_key(|asked| asked.held()) else { return false };
            if most.held() <= count {
                return false;
            }
            (most.held, most.held_no_more) = (None, true);
        }
        true
    }
}

/// The requests whose time is over.
#[derive(Debug, Default)]
pub(super) struct Lapsed {
    /// The peers that are late, and whether the answer may be lost.
    pub(super) late: Vec<(PeerKey, bool)>,
    /// The connections on which due answers may wait behind other deliveries.
    pub(super) unclear: BTreeSet<ConnectionId>,
}

#[cfg(test)]
mod tests {
    use toycoin_wire::NodeId;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const START: Monotonic = Monotonic::ORIGIN;
    const RELAY: ConnectionId = ConnectionId(1);

    fn peer(number: u8) -> PeerKey {
        (RELAY, NodeId::new([number; 16]))
    }

    fn asked_at_the_start() -> Requests {
        let mut requests = Requests::default();
        for number in 1..=2 {
            let due = START + SECOND * u32::from(number);
            let asked = Asked { due, held_no_more: false, was_due: false, ..Asked::before(START, BlockHash::ZERO) };
            requests.ask(peer(number), asked);
        }
        requests
    }

    #[test]
    fn an_answer_is_late_once_it_is_due_and_the_queue_has_passed() {
        let mut requests = asked_at_the_start();
        let lapsed = requests.lapse(START + SECOND, |_, _| false);
        assert!(lapsed.late.is_empty() && lapsed.unclear == BTreeSet::from([RELAY]));
        assert_eq!(requests.next_timeout(), Some(START + SECOND * 2), "the PONG wakes the node for the first");
        let lapsed = requests.lapse(START + SECOND, |_, _| true);
        assert_eq!(lapsed.late, [(peer(1), false)]);
        assert_eq!(requests.open_on(RELAY).count(), 1);
        let (asked, is_late) = requests.answered(&peer(1), START + SECOND * 9, BlockHash::ZERO);
        assert!(is_late && asked.at == START && !asked.held_no_more, "and is still known");
    }

    #[test]
    fn a_request_is_due_when_its_stream_is_given_up() {
        let mut requests = Requests::default();
        for (number, at) in [(1, START), (2, START + SECOND)] {
            let asked = Asked { due: at + limits::MAX_PATIENCE, was_due: false, ..Asked::before(at, BlockHash::ZERO) };
            requests.ask(peer(number), asked);
        }
        let over = START + limits::ASK_PATIENCE;
        (1..=3).for_each(|number| requests.timed_out(&peer(number), over));
        assert_eq!(requests.next_timeout(), Some(over));
        assert_eq!(requests.lapse(over, |_, _| true).late, [(peer(1), false)], "the other is younger than its stream");
    }

    #[test]
    fn a_request_that_is_given_up_is_not_answered_late() {
        let mut requests = asked_at_the_start();
        requests.lapse(START + SECOND, |_, _| true);
        assert!(!requests.given_up(&peer(1)) && requests.given_up(&peer(2)) && !requests.given_up(&peer(2)));
        assert_eq!(requests.held() + requests.open.len() + requests.late.len(), 0);
    }

    #[test]
    fn a_lost_answer_is_not_waited_for() {
        let mut requests = asked_at_the_start();
        requests.doubt(RELAY, SECOND / 2, START + SECOND / 4);
        assert_eq!(requests.next_timeout(), Some(START + SECOND / 2));
        let lapsed = requests.lapse(START + SECOND / 2, |_, _| true);
        assert_eq!(lapsed.late, [(peer(1), true), (peer(2), true)]);
        let (asked, _) = requests.answered(&peer(1), START + SECOND, BlockHash::ZERO);
        assert!(asked.held_no_more, "nothing is known of it");
    }
}

//! Outstanding requests for blocks, with their peers and deadlines.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::BlockHash;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{lanes::LaneKey, peer_key::PeerKey},
    relay::ConnectionId,
};

/// A request for a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) peer: PeerKey,
    /// The lane on which the peer is reached.
    pub(super) lane: LaneKey,
    pub(super) at: Monotonic,
    /// Time after which the block is late, unless it waits behind others in the relay's queue.
    pub(super) due: Monotonic,
    /// Whether this is a trial: other peers deliver, and this one is tested.
    pub(super) is_trial: bool,
    /// Whether the block is late and no longer awaited. It is still accepted.
    pub(super) is_late: bool,
    /// Whether the relay dropped deliveries for us, perhaps including the block.
    pub(super) is_doubtful: bool,
    /// Whether the node has noticed that the block is due.
    was_due: bool,
}

impl Asked {
    pub(super) const fn new(peer: PeerKey, lane: LaneKey, at: Monotonic, due: Monotonic, is_trial: bool) -> Self {
        Self { peer, lane, at, due, is_trial, is_late: false, is_doubtful: false, was_due: false }
    }
}

/// The requests whose state has changed with the time.
#[derive(Debug, Default)]
pub(super) struct Lapsed {
    /// Whether requests became due, late or lost, so that other peers may be asked.
    pub(super) is_any: bool,
    /// Requests that are late.
    pub(super) late: Vec<(BlockHash, Asked)>,
    /// Connections on which due blocks may wait behind other deliveries.
    pub(super) unclear: BTreeSet<ConnectionId>,
}

/// All requests for blocks. Each lane has at most one open request per block.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    asked: BTreeMap<BlockHash, Vec<Asked>>,
    /// Number of requests that are not late, by lane.
    open: BTreeMap<LaneKey, usize>,
    /// Time before which no request becomes due.
    next_due: Option<Monotonic>,
}

impl InFlight {
    /// Returns the number of open requests.
    pub(super) fn len(&self) -> usize {
        self.open.values().sum()
    }

    /// Returns the number of open requests on a lane.
    pub(super) fn on(&self, lane: LaneKey) -> usize {
        self.open.get(&lane).copied().unwrap_or(0)
    }

    /// Returns a time before which no request becomes due.
    pub(super) const fn next_due(&self) -> Option<Monotonic> {
        self.next_due
    }

    /// Returns the requests for a block, late ones included.
    pub(super) fn of(&self, hash: &BlockHash) -> &[Asked] {
        self.asked.get(hash).map_or(&[], Vec::as_slice)
    }

    /// Returns the open requests for a block.
    pub(super) fn open_of(&self, hash: &BlockHash) -> impl Iterator<Item = &Asked> {
        self.of(hash).iter().filter(|asked| !asked.is_late)
    }

    /// Returns all open requests.
    pub(super) fn open(&self) -> impl Iterator<Item = &Asked> {
        self.asked.values().flatten().filter(|asked| !asked.is_late)
    }

    pub(super) fn ask(&mut self, hash: BlockHash, asked: Asked) {
        self.remove(&hash, |other| other.peer == asked.peer);
        *self.open.entry(asked.lane).or_default() += 1;
        self.next_due = Some(self.next_due.map_or(asked.due, |due| due.min(asked.due)));
        self.asked.entry(hash).or_default().push(asked);
    }

    /// Removes the requests for a block that has arrived, and returns the one to its sender.
    pub(super) fn arrived(&mut self, hash: &BlockHash, from: Option<PeerKey>) -> Option<Asked> {
        self.remove(hash, |_| true).into_iter().find(|asked| Some(asked.peer) == from)
    }

    /// Removes the request for a block that a peer does not have.
    pub(super) fn refused(&mut self, hash: &BlockHash, peer: &PeerKey) -> Option<Asked> {
        self.remove(hash, |asked| asked.peer == *peer).pop()
    }

    /// Makes the requests to a peer due that have waited for as long as an answer may take.
    pub(super) fn timed_out(&mut self, hashes: &[BlockHash], peer: &PeerKey, now: Monotonic) {
        for hash in hashes {
            let asked = self.asked.get_mut(hash).into_iter().flatten();
            // a younger one is another request
            let is_over = |asked: &&mut Asked| asked.peer == *peer && asked.at + limits::ASK_PATIENCE <= now;
            for asked in asked.filter(is_over).filter(|asked| !asked.is_late) {
                (asked.due, asked.was_due) = (asked.due.min(now), false);
                self.next_due = Some(self.next_due.map_or(asked.due, |due| due.min(asked.due)));
            }
        }
    }

    /// Removes the requests to peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        let hashes: Vec<_> = self.asked.keys().copied().collect();
        for hash in hashes {
            self.remove(&hash, |asked| gone(&asked.peer));
        }
        self.open.retain(|_, open| *open > 0);
    }

    /// Removes late requests for blocks that are no longer wanted.
    pub(super) fn forget_late(&mut self, is_wanted: impl Fn(&BlockHash) -> bool) {
        self.asked.retain(|hash, asked| is_wanted(hash) || asked.iter().any(|asked| !asked.is_late));
    }

    /// Adjusts requests after a relay dropped deliveries: a block may be lost, so the timeout becomes short.
    pub(super) fn doubt(&mut self, connection: ConnectionId, patience: Duration, now: Monotonic) {
        for asked in self.asked.values_mut().flatten().filter(|asked| !asked.is_late && asked.peer.0 == connection) {
            (asked.is_doubtful, asked.was_due) = (true, false);
            asked.due = asked.due.min((asked.at + patience).max(now));
            self.next_due = Some(self.next_due.map_or(asked.due, |due| due.min(asked.due)));
        }
    }

    /// Checks which requests are due and which of them are late. A due request is late once the time that `passed`
    /// returns for its connection has reached its due time. Until then the block may only wait behind other deliveries.
    pub(super) fn lapse(&mut self, now: Monotonic, passed: impl Fn(ConnectionId) -> Option<Monotonic>) -> Lapsed {
        let mut lapsed = Lapsed::default();
        let mut next_due: Option<Monotonic> = None;
        for (hash, requests) in &mut self.asked {
            for asked in requests.iter_mut().filter(|asked| !asked.is_late) {
                if asked.due > now {
                    next_due = Some(next_due.map_or(asked.due, |due| due.min(asked.due)));
                    continue;
                }
                lapsed.is_any |= !std::mem::replace(&mut asked.was_due, true);
                if passed(asked.peer.0).is_some_and(|passed| passed < asked.due) {
                    lapsed.unclear.insert(asked.peer.0);
                    continue;
                }
                lapsed.is_any = true;
                asked.is_late = true;
                if let Some(open) = self.open.get_mut(&asked.lane) {
                    *open -= 1;
                }
                lapsed.late.push((*hash, *asked));
            }
            // a lost block will not come
            requests.retain(|asked| !(asked.is_late && asked.is_doubtful));
        }
        self.asked.retain(|_, requests| !requests.is_empty());
        self.next_due = next_due;
        lapsed
    }

    fn remove(&mut self, hash: &BlockHash, which: impl Fn(&Asked) -> bool) -> Vec<Asked> {
        let Some(requests) = self.asked.get_mut(hash) else { return Vec::new() };
        let removed: Vec<_> = requests.extract_if(.., |asked| which(asked)).collect();
        if requests.is_empty() {
            self.asked.remove(hash);
        }
        for asked in removed.iter().filter(|asked| !asked.is_late) {
            if let Some(open) = self.open.get_mut(&asked.lane) {
                *open -= 1;
            }
        }
        removed
    }
}

#[cfg(test)]
mod tests {
    use toycoin_wire::NodeId;

    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const START: Monotonic = Monotonic::ORIGIN;
    const RELAY: ConnectionId = ConnectionId(1);
    const LANE: LaneKey = LaneKey { connection: RELAY, to: None };

    fn peer(number: u8) -> PeerKey {
        (RELAY, NodeId::new([number; 16]))
    }

    fn hash(number: u8) -> BlockHash {
        BlockHash::from_bytes([number; 32])
    }

    fn asked_at_the_start() -> InFlight {
        let mut in_flight = InFlight::default();
        in_flight.ask(hash(1), Asked::new(peer(1), LANE, START, START + MS * 100, false));
        in_flight.ask(hash(2), Asked::new(peer(2), LANE, START, START + MS * 200, true));
        in_flight
    }

    #[test]
    fn a_request_is_late_once_it_is_due_and_the_queue_has_passed() {
        let mut in_flight = asked_at_the_start();
        let lapsed = in_flight.lapse(START + MS * 99, |_| Some(START));
        assert!(!lapsed.is_any && lapsed.unclear.is_empty());
        let lapsed = in_flight.lapse(START + MS * 100, |_| Some(START));
        assert!(lapsed.is_any && lapsed.late.is_empty() && lapsed.unclear == BTreeSet::from([RELAY]));
        assert_eq!((in_flight.len(), in_flight.next_due()), (2, Some(START + MS * 200)));
        let lapsed = in_flight.lapse(START + MS * 150, |_| Some(START + MS * 100));
        assert_eq!(lapsed.late.iter().map(|(late, _)| *late).collect::<Vec<_>>(), [hash(1)]);
        assert_eq!((in_flight.len(), in_flight.on(LANE)), (1, 1));
        let answered = in_flight.arrived(&hash(1), Some(peer(1))).expect("a late answer is an answer");
        assert!(answered.is_late);
        assert_eq!(in_flight.len(), 1);
    }

    #[test]
    fn what_a_relay_may_have_dropped_is_nobodys_fault() {
        let mut in_flight = asked_at_the_start();
        in_flight.doubt(RELAY, MS * 50, START + MS * 60);
        let lapsed = in_flight.lapse(START + MS * 70, |_| Some(START + MS * 60));
        assert!(lapsed.late.len() == 2 && lapsed.late.iter().all(|(_, asked)| asked.is_doubtful));
        assert!(in_flight.len() == 0 && in_flight.of(&hash(1)).is_empty());
    }

    #[test]
    fn a_request_is_due_when_its_stream_is_given_up() {
        let (mut in_flight, over) = (InFlight::default(), START + limits::ASK_PATIENCE);
        let patient = |at: Monotonic| Asked::new(peer(1), LANE, at, at + limits::MAX_PATIENCE, false);
        in_flight.ask(hash(1), patient(START));
        in_flight.ask(hash(2), patient(START + MS));
        in_flight.timed_out(&[hash(1), hash(2), hash(3)], &peer(2), over);
        assert!(!in_flight.lapse(over, |_| None).is_any, "another peer's");
        in_flight.timed_out(&[hash(1), hash(2), hash(3)], &peer(1), over);
        assert_eq!(in_flight.next_due(), Some(over));
        let late: Vec<_> = in_flight.lapse(over, |_| None).late.iter().map(|(late, _)| *late).collect();
        assert_eq!(late, [hash(1)], "the other one is younger than its stream");
    }

    #[test]
    fn counts_stay_right_whatever_ends_a_request() {
        let mut in_flight = asked_at_the_start();
        in_flight.ask(hash(1), Asked::new(peer(1), LANE, START, START + MS, false));
        assert_eq!(in_flight.len(), 2, "again of the same peer");
        assert!(in_flight.refused(&hash(1), &peer(2)).is_none());
        assert!(in_flight.refused(&hash(1), &peer(1)).is_some());
        in_flight.forget(|(connection, _)| *connection == RELAY);
        assert_eq!((in_flight.len(), in_flight.on(LANE)), (0, 0));
    }
}

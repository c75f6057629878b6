//! Headers first: the node downloads headers before it requests any body. Initial block download (IBD) begins this way,
//! and so does every later reorganisation.
//!
//! ```text
//!   STAT with more work ─▶ wait a random moment ─▶ GHDR ─▶ HDRS ... ─▶ more work than our tip's? into the tree
//!                                                     └─ again, from the last one ◀─ not yet: held back, bounded
//! ```
//!
//! The node searches on all relay connections at once, each by itself, so that liars on one cannot slow another. On
//! each connection, peers that have delivered are asked first. While there are none, the node asks newcomers in rounds
//! with a short timeout, each round twice as large as the one before. A claim costs nothing, so no single claim may
//! delay the others. Late answers are still accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{BlockHash, Header, store::ChainStore};
use toycoin_wire::node::{GetHeaders, NodeMessage};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        MuteReason, NodeMachine,
        held::{HeadersError, Held},
        links::Link,
        peers::{PeerKey, up_to},
        standing::Trust,
    },
    relay::ConnectionId,
};

/// The state of the header search: outstanding requests, and the times of the next ones.
#[derive(Debug, Default)]
pub(super) struct HeaderSync {
    /// Requests whose answers are awaited.
    asked: BTreeMap<PeerKey, Asked>,
    /// Requests whose answers are late, but still accepted.
    late: BTreeMap<PeerKey, Asked>,
    searches: BTreeMap<ConnectionId, Search>,
}

/// An unanswered request for headers.
#[derive(Debug)]
struct Asked {
    at: Monotonic,
    /// Time after which the answer is late, unless it waits behind others in the relay's queue.
    due: Monotonic,
    /// Our best header at the time of the request.
    best: BlockHash,
    /// Held headers before the requested page, which are not in the tree.
    held: Option<Held>,
    /// Whether held headers were dropped meanwhile.
    held_no_more: bool,
    /// Whether the previous page entered the tree.
    leads: bool,
    /// Whether the relay dropped deliveries for us, perhaps including the answer.
    is_doubtful: bool,
    /// Whether the node has noticed that the answer is due.
    was_due: bool,
}

/// The search for a better chain on one connection.
#[derive(Debug, Default)]
struct Search {
    /// When to choose the next peer.
    choose_at: Option<Monotonic>,
    /// Number of rounds in a row in which no peer delivered.
    misses: u32,
    /// End of the time in which only peers that have delivered before are asked.
    rests_until: Monotonic,
}

/// The result of an attempt to move held headers into the tree.
enum Outcome {
    /// The headers are in the tree.
    TakenIn,
    /// Their work does not exceed our tip's.
    HeldBack(Held),
    /// One of their ancestors proved invalid.
    InVain,
}

impl HeaderSync {
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        let due = self.asked.values().filter(|asked| !asked.was_due).map(|asked| asked.due);
        self.searches.values().filter_map(|search| search.choose_at).chain(due).min()
    }

    /// Returns the number of headers that are held back.
    pub(super) fn held(&self) -> usize {
        self.asked.values().chain(self.late.values()).map(Asked::held).sum()
    }

    /// Removes the requests to peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.asked.retain(|key, _| !gone(key));
        self.late.retain(|key, _| !gone(key));
    }

    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        self.searches.remove(&connection);
    }

    /// Adjusts requests after a relay dropped deliveries: the answer may be lost, so the timeout becomes short.
    pub(super) fn doubt(&mut self, connection: ConnectionId, patience: Duration, now: Monotonic) {
        for (_, asked) in self.asked.iter_mut().filter(|(key, _)| key.0 == connection) {
            (asked.is_doubtful, asked.was_due) = (true, false);
            asked.due = asked.due.min((asked.at + patience).max(now));
        }
    }

    fn open_on(&self, connection: ConnectionId) -> impl Iterator<Item = (&PeerKey, &Asked)> {
        self.asked.iter().filter(move |(key, _)| key.0 == connection)
    }

    /// Drops other held branches until one more page fits after one with `count` headers. The branches that hold most
    /// go first, so that each connection has its share. Returns false if that branch itself holds most.
    fn make_room(&mut self, count: usize) -> bool {
        while self.held() + count + limits::HEADERS_A_MESSAGE > limits::HELD_HEADERS {
            let asked = self.asked.values_mut().chain(self.late.values_mut());
            let Some(most) = asked.max_by_key(|asked| asked.held()) else { return false };
            if most.held() <= count {
                return false;
            }
            (most.held, most.held_no_more) = (None, true);
        }
        true
    }
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

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Plans the search for a better chain on every connection.
    pub(super) fn look_for_headers(&mut self) {
        let ready: Vec<_> = self.net.links.iter().filter(|(_, link)| link.ready).map(|(at, _)| *at).collect();
        for connection in ready {
            self.look_on(connection, limits::SYNC_SPREAD);
        }
    }

    /// Plans the choice of a peer after a random time, so that after a healed partition not all nodes ask the same one.
    fn look_on(&mut self, connection: ConnectionId, spread: Duration) {
        if !self.net.is_ready(connection) || self.search(connection).choose_at.is_some() {
            return;
        }
        let delay = if spread.is_zero() { spread } else { up_to(spread, self.net.random()) };
        let at = self.net.now.monotonic + delay;
        self.search(connection).choose_at = Some(at);
    }

    fn search(&mut self, connection: ConnectionId) -> &mut Search {
        self.headers.searches.entry(connection).or_default()
    }

    /// Gives up peers that do not answer in time and turns to others. Returns the connections on which due answers may
    /// wait behind other deliveries.
    pub(super) fn lapse_headers(&mut self) -> BTreeSet<ConnectionId> {
        let now = self.net.now.monotonic;
        let (mut late, mut unclear) = (Vec::new(), BTreeSet::new());
        for (key, asked) in self.headers.asked.iter_mut().filter(|(_, asked)| asked.due <= now) {
            asked.was_due = true;
            if self.net.links.get(&key.0).is_some_and(|link| link.barrier.passed() < asked.due) {
                unclear.insert(key.0);
            } else {
                late.push(*key);
            }
        }
        for key in late {
            let Some(asked) = self.headers.asked.remove(&key) else { continue };
            if asked.is_doubtful {
                // the relay dropped deliveries, so the peer is not at fault and may be asked again
                self.look_on(key.0, Duration::ZERO);
            } else {
                self.headers.late.insert(key, asked);
                self.stalled(key);
                self.end_round(key.0, false);
            }
        }
        unclear
    }

    /// Chooses the next peers on the connections where it is time.
    pub(super) fn headers_timeout(&mut self) {
        let now = self.net.now.monotonic;
        let due = |search: &mut Search| search.choose_at.take_if(|at| *at <= now).is_some();
        let searches = self.headers.searches.iter_mut();
        let due: Vec<_> = searches.filter_map(|(connection, search)| due(search).then_some(*connection)).collect();
        for connection in due {
            self.ask_somebody(connection);
        }
    }

    /// Records that a peer let a request lapse. That is no misbehaviour, but other peers come first from now on.
    pub(super) fn stalled(&mut self, peer: PeerKey) {
        let now = self.net.now.monotonic;
        if let Some(peer) = self.net.peers.get_mut(&peer) {
            peer.standing.stalled(now);
        }
    }

    /// Asks peers with more work on a connection: one that has delivered before, or else a round of those that only
    /// claim.
    fn ask_somebody(&mut self, connection: ConnectionId) {
        let now = self.net.now.monotonic;
        let best = self.chain.headers().best().work;
        let mut ahead: BTreeMap<Trust, Vec<PeerKey>> = BTreeMap::new();
        for (key, peer) in self.net.peers.iter_on(connection) {
            let claims_more = peer.status.is_some_and(|status| status.work > best) || peer.has_news;
            let rests = peer.is_muted(now) || peer.resting_until > now || peer.standing.rests(now);
            if claims_more && !rests && !self.headers.asked.contains_key(key) {
                let trust = match peer.standing.trust() {
                    Trust::Blocks => Trust::Headers,
                    trust => trust,
                };
                ahead.entry(trust).or_default().push(*key);
            }
        }
        let is_trusted =
            |key: &PeerKey| self.net.peers.get(key).is_some_and(|peer| peer.standing.trust() <= Trust::Headers);
        if let Some(trusted) = ahead.remove(&Trust::Headers) {
            // a peer with many headers that are of no use yet must not make the others wait
            let is_led = self.headers.open_on(connection).any(|(key, asked)| is_trusted(key) && asked.held.is_none());
            if !is_led {
                self.ask_round(trusted, 1);
            }
            return;
        }
        if self.headers.open_on(connection).next().is_some() {
            return;
        }
        let Search { misses, rests_until, .. } = *self.search(connection);
        let shaken = ahead.remove(&Trust::Shaken).unwrap_or_default();
        let round = 1 << misses.min(limits::ROUND_DOUBLINGS);
        let asked = self.ask_round(shaken, round);
        if now < rests_until {
            let is_waited_for = !ahead.is_empty();
            self.search(connection).choose_at = is_waited_for.then_some(rests_until);
            return;
        }
        let newcomers = ahead.remove(&Trust::Newcomer).unwrap_or_default();
        let asked = asked + self.ask_round(newcomers, round - asked);
        self.ask_round(ahead.remove(&Trust::Stalled).unwrap_or_default(), round - asked);
    }

    /// Asks up to `most` of these peers, chosen at random, and returns how many were asked.
    fn ask_round(&mut self, mut among: Vec<PeerKey>, most: usize) -> usize {
        let mut asked = 0;
        while asked < most
            && let Some(peer) = self.net.choose(&among).copied()
        {
            among.retain(|other| *other != peer);
            let tree = self.chain.headers();
            let locator = tree.locator(&tree.best().hash);
            self.ask_for_headers(peer, locator, None, false);
            asked += 1;
        }
        asked
    }

    fn ask_for_headers(&mut self, peer: PeerKey, locator: Vec<BlockHash>, held: Option<Held>, leads: bool) {
        let at = self.net.now.monotonic;
        let newcomers = self.net.links.get(&peer.0).map(Link::patience_with_newcomers).unwrap_or_default();
        let best = self.chain.headers().best().hash;
        self.net.send_to(peer, &NodeMessage::GetHeaders(GetHeaders { locator, stop: BlockHash::ZERO }));
        let Some(known) = self.net.peers.get_mut(&peer) else { return };
        known.owed_headers = known.owed_headers.saturating_add(1).min(limits::OWED_HEADERS);
        let due = at + known.standing.patience_for_headers(newcomers);
        let (held_no_more, is_doubtful, was_due) = (false, false, false);
        let asked = Asked { at, due, best, held, held_no_more, leads, is_doubtful, was_due };
        self.headers.late.remove(&peer);
        self.headers.asked.insert(peer, asked);
    }

    /// Processes the answer to a request for headers, even a late one.
    pub(super) fn on_headers(&mut self, peer: PeerKey, headers: &[Header]) {
        let Some(known) = self.net.peers.get_mut(&peer) else { return };
        let Some(still_owed) = known.owed_headers.checked_sub(1) else {
            return self.score(peer, limits::POINTS_UNASKED);
        };
        known.owed_headers = still_owed;
        let (now, best) = (self.net.now.monotonic, self.chain.headers().best().hash);
        let in_time = self.headers.asked.remove(&peer);
        let was_late = in_time.is_none();
        let mut asked = in_time.or_else(|| self.headers.late.remove(&peer)).unwrap_or_else(|| Asked::before(now, best));
        let is_full = headers.len() >= limits::HEADERS_A_MESSAGE;
        let was_useful = match Held::extended(asked.held.take(), self.chain.headers(), headers, self.net.now.unix_ms) {
            Ok(held) => self.take_page(peer, held, is_full, now.saturating_since(asked.at), was_late),
            Err(HeadersError::Nothing) if is_full && asked.best != best && !self.is_led(peer.0) => {
                // another connection was faster, so continue from there
                self.ask_behind(peer, None);
                false
            }
            Err(HeadersError::UnknownStart) if asked.held_no_more => {
                // the headers follow ones that this node dropped itself
                self.turn_to_others(&peer);
                false
            }
            Err(HeadersError::UnknownStart) => {
                self.score(peer, limits::POINTS_UNKNOWN_START);
                self.leave_in_vain(peer);
                false
            }
            Err(HeadersError::Nothing) => {
                self.leave_in_vain(peer);
                false
            }
            Err(HeadersError::Unlinked) => {
                self.mute(peer, MuteReason::UnlinkedHeaders);
                false
            }
            Err(HeadersError::Rule(hash, error)) => {
                self.reject(peer, hash.to_bytes(), &error);
                self.mute(peer, MuteReason::BrokenRule(error.rule()));
                false
            }
        };
        self.end_round(peer.0, was_useful);
        self.request_bodies();
    }

    /// Processes a valid page of headers, and requests the next one if there is one. Returns whether it was useful.
    fn take_page(&mut self, peer: PeerKey, held: Held, is_full: bool, took: Duration, was_late: bool) -> bool {
        let (last, work, cut_at) = (held.last(), held.work(), held.cut_at());
        let is_last = !is_full || cut_at.is_some();
        if let Some(time) = cut_at {
            self.clock.note_cut(time, self.net.now);
        }
        let Some(known) = self.net.peers.get_mut(&peer) else { return false };
        known.shows(work, last);
        match self.take_in_if_better(held) {
            Outcome::TakenIn => {
                if let Some(known) = self.net.peers.get_mut(&peer) {
                    known.standing.delivered_headers(took, was_late);
                    known.has_news &= !(is_last && cut_at.is_none());
                }
                if is_last && cut_at.is_some() {
                    self.turn_to_others(&peer);
                } else if is_last {
                    self.look_for_headers();
                } else if !self.is_led(peer.0) {
                    self.ask_behind(peer, None);
                }
                true
            }
            Outcome::HeldBack(held) if !is_last && !self.is_led(peer.0) && self.headers.make_room(held.len()) => {
                self.ask_behind(peer, Some(held));
                false
            }
            Outcome::HeldBack(_) if cut_at.is_some() => {
                self.turn_to_others(&peer);
                false
            }
            // the peer has no more for now, and headers that do not exceed our tip's work are dropped
            Outcome::HeldBack(_) | Outcome::InVain => {
                self.leave_in_vain(peer);
                false
            }
        }
    }

    /// Returns whether a peer's page on this connection entered the tree, and its next page is requested.
    fn is_led(&self, connection: ConnectionId) -> bool {
        self.headers.open_on(connection).any(|(_, asked)| asked.leads)
    }

    /// Requests the headers after the held ones or, without any, after the best header of the tree. Further hashes in
    /// the locator help if the peer's chain has changed meanwhile.
    fn ask_behind(&mut self, peer: PeerKey, held: Option<Held>) {
        let tree = self.chain.headers();
        let locator = match &held {
            None => tree.locator(&tree.best().hash),
            Some(held) => {
                let mut locator = vec![held.last()];
                locator.extend(tree.locator(&self.chain.tip().hash));
                locator.truncate(limits::LOCATOR);
                locator
            }
        };
        let leads = held.is_none();
        self.ask_for_headers(peer, locator, held, leads);
    }

    /// Ends a peer's turn. The round ends when the connection has no outstanding requests.
    fn end_round(&mut self, connection: ConnectionId, was_useful: bool) {
        let now = self.net.now.monotonic;
        let is_over = self.headers.open_on(connection).next().is_none();
        let knows_somebody = || self.net.peers.iter_on(connection).any(|(_, peer)| peer.standing.has_delivered());
        let most = if !was_useful && is_over && knows_somebody() {
            limits::SEARCH_REST_MOST
        } else {
            limits::SEARCH_REST_ALONE
        };
        let search = self.search(connection);
        if was_useful {
            (search.misses, search.rests_until) = (0, Monotonic::ORIGIN);
        } else if is_over {
            search.misses = search.misses.saturating_add(1);
            if search.misses > limits::FREE_ROUNDS {
                let doublings = (search.misses - limits::FREE_ROUNDS).min(10);
                search.rests_until = now + (limits::NEWCOMER_PATIENCE * (1 << doublings)).min(most);
            }
            self.look_on(connection, Duration::ZERO);
        }
    }

    /// Turns away from a peer whose answer was useless. If it claims more work than we know of, the claim counts as a
    /// stall.
    fn leave_in_vain(&mut self, peer: PeerKey) {
        let best = self.chain.headers().best().work;
        if self.net.peers.get(&peer).is_some_and(|peer| peer.status.is_some_and(|status| status.work > best)) {
            self.stalled(peer);
        }
        self.turn_to_others(&peer);
    }

    /// Turns away from a peer that has no headers for us at present.
    fn turn_to_others(&mut self, peer: &PeerKey) {
        let until = self.net.now.monotonic + limits::HEADERS_REST;
        if let Some(peer) = self.net.peers.get_mut(peer) {
            peer.resting_until = until;
            peer.has_news = false;
        }
        self.look_for_headers();
    }

    /// Moves held headers into the tree once their work exceeds our tip's and reaches the network's minimum.
    fn take_in_if_better(&mut self, held: Held) -> Outcome {
        if held.work() <= self.chain.tip().work || held.work() < self.chain.params().minimum_work() {
            return Outcome::HeldBack(held);
        }
        for header in held.headers() {
            if self.chain.insert_header(header, self.net.now.unix_ms).is_err() {
                return Outcome::InVain;
            }
        }
        Outcome::TakenIn
    }
}

//! The search for headers: requests, answers, and what follows from each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{
    BlockHash, Header,
    chain::{Chain, HeaderTree},
    store::ChainStore,
};
use toycoin_wire::node::{GetHeaders, NodeMessage};

use super::{
    asked::{Asked, Requests},
    held::{HeadersError, Held},
    search::{Ahead, Search},
};
use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        MuteReason, Unanswered, clock::ClockWatch, links::Link, net::Net, peer_key::PeerKey, peers::up_to,
        standing::Trust,
    },
    relay::ConnectionId,
};

/// The state of the header search: outstanding requests, and the search on each connection.
#[derive(Debug, Default)]
pub(in crate::protocol) struct HeaderSync {
    requests: Requests,
    searches: BTreeMap<ConnectionId, Search>,
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
    pub(in crate::protocol) fn next_timeout(&self) -> Option<Monotonic> {
        self.searches.values().filter_map(|search| search.choose_at).chain(self.requests.next_timeout()).min()
    }

    /// Returns the number of headers that are held back.
    pub(in crate::protocol) fn held(&self) -> usize {
        self.requests.held()
    }

    /// Removes the requests to peers that are gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.requests.forget(gone);
    }

    pub(in crate::protocol) fn forget_connection(&mut self, connection: ConnectionId) {
        self.searches.remove(&connection);
    }

    /// Adjusts requests after a relay dropped deliveries.
    pub(in crate::protocol) fn doubt(&mut self, connection: ConnectionId, patience: Duration, now: Monotonic) {
        self.requests.doubt(connection, patience, now);
    }

    /// Plans the search for a better chain on every connection.
    pub(in crate::protocol) fn look(&mut self, net: &mut Net) {
        let ready: Vec<_> = net.links.iter().filter(|(_, link)| link.ready).map(|(at, _)| *at).collect();
        for connection in ready {
            self.look_on(connection, limits::SYNC_SPREAD, net);
        }
    }

    /// Plans the choice of a peer after a random time, so that after a healed partition not all nodes ask the same one.
    fn look_on(&mut self, connection: ConnectionId, spread: Duration, net: &mut Net) {
        if !net.is_ready(connection) || self.search(connection).choose_at.is_some() {
            return;
        }
        let delay = if spread.is_zero() { spread } else { up_to(spread, net.random()) };
        self.search(connection).choose_at = Some(net.now.monotonic + delay);
    }

    fn search(&mut self, connection: ConnectionId) -> &mut Search {
        self.searches.entry(connection).or_default()
    }

    /// Gives up peers that do not answer in time and turns to others. Returns the connections on which due answers may
    /// wait behind other deliveries.
    pub(in crate::protocol) fn lapse(&mut self, net: &mut Net) -> BTreeSet<ConnectionId> {
        let links = &net.links;
        let has_passed = |connection: ConnectionId, due| {
            links.get(&connection).and_then(Link::passed).is_none_or(|passed| passed >= due)
        };
        let lapsed = self.requests.lapse(net.now.monotonic, has_passed);
        let mut over = BTreeSet::new();
        for (peer, is_doubtful) in lapsed.late {
            if is_doubtful {
                // the relay dropped deliveries, so the peer is not at fault and may be asked again
                self.look_on(peer.0, Duration::ZERO, net);
            } else {
                net.stalled(peer);
                over.insert(peer.0);
            }
        }
        for connection in over {
            self.end_round(connection, false, net);
        }
        lapsed.unclear
    }

    /// Chooses the next peers on the connections where it is time.
    pub(in crate::protocol) fn handle_timeout(&mut self, net: &mut Net, tree: &HeaderTree) {
        let now = net.now.monotonic;
        let searches = self.searches.iter_mut();
        let due: Vec<_> =
            searches.filter_map(|(connection, search)| search.is_due(now).then_some(*connection)).collect();
        for connection in due {
            self.ask_somebody(connection, net, tree);
        }
    }

    /// Asks peers with more work on a connection: one that has delivered before, or else a round of those that only
    /// claim.
    fn ask_somebody(&mut self, connection: ConnectionId, net: &mut Net, tree: &HeaderTree) {
        let mut ahead = Ahead::on(connection, net, tree.best().work, |peer| self.requests.is_open(peer));
        let ahead_again = ahead.again_at;
        let is_proven = |key: &PeerKey| net.peers.get(key).is_some_and(|peer| peer.standing.trust() <= Trust::Headers);
        let round = if let Some(proven) = ahead.take_proven() {
            // a peer with many headers that are of no use yet must not make the others wait
            let is_led = self.requests.open_on(connection).any(|(key, asked)| is_proven(key) && asked.held.is_none());
            if is_led { Vec::new() } else { net.choose(&proven).copied().into_iter().collect() }
        } else if self.requests.open_on(connection).next().is_some() {
            Vec::new()
        } else {
            self.search(connection).next_round(ahead, net)
        };
        if let Some(until) = ahead_again.filter(|_| round.is_empty()) {
            let search = self.search(connection);
            search.choose_at = Some(search.choose_at.map_or(until, |at| at.min(until)));
        }
        for peer in round {
            self.ask(peer, tree.locator(&tree.best().hash), None, false, net, tree);
        }
    }

    fn ask(
        &mut self,
        peer: PeerKey,
        locator: Vec<BlockHash>,
        held: Option<Held>,
        leads: bool,
        net: &mut Net,
        tree: &HeaderTree,
    ) {
        let at = net.now.monotonic;
        let newcomers = net.links.get(&peer.0).map(Link::patience_with_newcomers).unwrap_or_default();
        let best = tree.best().hash;
        net.send_to(peer, &NodeMessage::GetHeaders(GetHeaders { locator, stop: BlockHash::ZERO }));
        let Some(known) = net.peers.get_mut(&peer) else { return };
        known.owed_headers = known.owed_headers.saturating_add(1).min(limits::OWED_HEADERS);
        let due = at + known.standing.patience_for_headers(newcomers);
        let (held_no_more, is_doubtful, was_due) = (false, false, false);
        self.requests.ask(peer, Asked { at, due, best, held, held_no_more, leads, is_doubtful, was_due });
    }

    /// Processes the answer to a request for headers, even a late one. Returns whether they were asked for.
    pub(in crate::protocol) fn on_headers<S: ChainStore>(
        &mut self,
        peer: PeerKey,
        headers: &[Header],
        net: &mut Net,
        chain: &mut Chain<S>,
        clock: &mut ClockWatch,
    ) -> bool {
        let Some(known) = net.peers.get_mut(&peer) else { return false };
        let Some(still_owed) = known.owed_headers.checked_sub(1) else {
            net.score(peer, limits::POINTS_UNASKED);
            return false;
        };
        known.owed_headers = still_owed;
        let (now, best) = (net.now.monotonic, chain.headers().best().hash);
        let (mut asked, was_late) = self.requests.answered(&peer, now, best);
        let is_full = headers.len() >= limits::HEADERS_A_MESSAGE;
        let was_useful = match Held::extended(asked.held.take(), chain.headers(), headers, net.now.unix_ms) {
            Ok(held) => {
                if let Some(time) = held.cut_at() {
                    clock.note_cut(time, net.now);
                }
                let page = Page { peer, is_full, took: now.saturating_since(asked.at), was_late };
                self.take_page(&page, held, net, chain)
            }
            Err(HeadersError::Nothing) if is_full && asked.best != best && !self.is_led(peer.0) => {
                // another connection was faster, so continue from there
                self.ask_behind(peer, None, net, chain);
                false
            }
            Err(HeadersError::UnknownStart) if asked.held_no_more => {
                // the headers follow ones that this node dropped itself
                self.turn_to_others(&peer, net);
                false
            }
            Err(HeadersError::UnknownStart) => {
                net.score(peer, limits::POINTS_UNKNOWN_START);
                self.leave_in_vain(peer, net, chain.headers());
                false
            }
            Err(HeadersError::Nothing) => {
                self.leave_in_vain(peer, net, chain.headers());
                false
            }
            Err(HeadersError::Unlinked) => {
                net.mute(peer, MuteReason::UnlinkedHeaders);
                false
            }
            Err(HeadersError::Rule(hash, error)) => {
                net.reject(peer, hash.to_bytes(), &error);
                net.mute(peer, MuteReason::BrokenRule(error.rule()));
                false
            }
        };
        self.end_round(peer.0, was_useful, net);
        true
    }

    /// Processes that a peer does not answer a request for headers.
    pub(in crate::protocol) fn on_unanswered(&mut self, peer: PeerKey, why: Unanswered, net: &mut Net) {
        if let Some(known) = net.peers.get_mut(&peer) {
            known.owed_headers = known.owed_headers.saturating_sub(1);
        }
        match why {
            Unanswered::TimedOut => self.requests.timed_out(&peer, net.now.monotonic),
            Unanswered::NotNow if self.requests.given_up(&peer) => {
                net.not_now(peer);
                self.end_round(peer.0, false, net);
            }
            Unanswered::NotNow => {}
        }
    }

    /// Processes a valid page of headers, and requests the next one if there is one. Returns whether it was useful.
    fn take_page<S: ChainStore>(&mut self, page: &Page, held: Held, net: &mut Net, chain: &mut Chain<S>) -> bool {
        let (peer, is_cut) = (page.peer, held.cut_at().is_some());
        let is_last = !page.is_full || is_cut;
        let Some(known) = net.peers.get_mut(&peer) else { return false };
        known.shows(held.work(), held.last());
        match take_in_if_better(held, chain, net.now.unix_ms) {
            Outcome::TakenIn => {
                if let Some(known) = net.peers.get_mut(&peer) {
                    known.standing.delivered_headers(page.took, page.was_late);
                    known.has_news &= !is_last || is_cut;
                }
                if is_cut {
                    self.turn_to_others(&peer, net);
                } else if is_last {
                    self.look(net);
                } else if !self.is_led(peer.0) {
                    self.ask_behind(peer, None, net, chain);
                }
                true
            }
            Outcome::HeldBack(held) if !is_last && !self.is_led(peer.0) && self.requests.make_room(held.len()) => {
                self.ask_behind(peer, Some(held), net, chain);
                false
            }
            Outcome::HeldBack(_) if is_cut => {
                self.turn_to_others(&peer, net);
                false
            }
            // the peer has no more for now, and headers that do not exceed our tip's work are dropped
            Outcome::HeldBack(_) | Outcome::InVain => {
                self.leave_in_vain(peer, net, chain.headers());
                false
            }
        }
    }

    /// Returns whether a peer's page on this connection entered the tree, and its next page is requested.
    fn is_led(&self, connection: ConnectionId) -> bool {
        self.requests.open_on(connection).any(|(_, asked)| asked.leads)
    }

    /// Requests the headers after the held ones or, without any, after the best header of the tree. Further hashes in
    /// the locator help if the peer's chain has changed meanwhile.
    fn ask_behind<S: ChainStore>(&mut self, peer: PeerKey, held: Option<Held>, net: &mut Net, chain: &Chain<S>) {
        let tree = chain.headers();
        let locator = match &held {
            None => tree.locator(&tree.best().hash),
            Some(held) => {
                let mut locator = vec![held.last()];
                locator.extend(tree.locator(&chain.tip().hash));
                locator.truncate(limits::LOCATOR);
                locator
            }
        };
        let leads = held.is_none();
        self.ask(peer, locator, held, leads, net, tree);
    }

    /// Ends a peer's turn. The round ends when the connection has no outstanding requests.
    fn end_round(&mut self, connection: ConnectionId, was_useful: bool, net: &mut Net) {
        if was_useful {
            self.search(connection).succeeded();
        } else if self.requests.open_on(connection).next().is_none() {
            let knows_somebody = net.peers.iter_on(connection).any(|(_, peer)| peer.standing.has_delivered());
            self.search(connection).missed(knows_somebody, net.now.monotonic);
            self.look_on(connection, Duration::ZERO, net);
        }
    }

    /// Turns away from a peer whose answer was useless. If it claims more work than we know of, the claim counts as a
    /// stall.
    fn leave_in_vain(&mut self, peer: PeerKey, net: &mut Net, tree: &HeaderTree) {
        let best = tree.best().work;
        if net.peers.get(&peer).is_some_and(|peer| peer.status.is_some_and(|status| status.work > best)) {
            net.stalled(peer);
        }
        self.turn_to_others(&peer, net);
    }

    /// Turns away from a peer that has no headers for us at present.
    fn turn_to_others(&mut self, peer: &PeerKey, net: &mut Net) {
        let until = net.now.monotonic + limits::HEADERS_REST;
        if let Some(peer) = net.peers.get_mut(peer) {
            peer.resting_until = until;
            peer.has_news = false;
        }
        self.look(net);
    }
}

/// An answer with headers: whose, and how it came.
struct Page {
    peer: PeerKey,
    /// Whether it has as many headers as a message may have, so that more may follow.
    is_full: bool,
    took: Duration,
    was_late: bool,
}

/// Moves held headers into the tree once their work exceeds our tip's and reaches the network's minimum.
fn take_in_if_better<S: ChainStore>(held: Held, chain: &mut Chain<S>, now_ms: u64) -> Outcome {
    if held.work() <= chain.tip().work || held.work() < chain.params().minimum_work() {
        return Outcome::HeldBack(held);
    }
    for header in held.headers() {
        if chain.insert_header(header, now_ms).is_err() {
            return Outcome::InVain;
        }
    }
    Outcome::TakenIn
}

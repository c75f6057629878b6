//! Headers first: following a peer's chain of headers before any body is asked for.
//!
//! ```text
//!   STAT with more work ─▶ wait a random moment ─▶ GHDR ─▶ HDRS ... ─▶ more work than our tip's? into the tree
//!                                                     └─ again, from the last one ◀─ not yet: held back, bounded
//! ```
//!
//! Headers are judged as they come (rules R06 to R14) and held back until their work beats our tip's, so that a flood of
//! cheap headers costs its sender the work and us a bounded buffer.

use toycoin_core::{
    BlockHash, ChainParams, Header, Work,
    consensus::{HeaderContext, RuleError, check_header},
    store::ChainStore,
};
use toycoin_wire::node::{GetHeaders, NodeMessage};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        MuteReason, NodeMachine,
        peers::{PeerKey, up_to},
    },
};

/// The one chain of headers that is being followed.
#[derive(Debug, Default)]
pub(super) struct HeaderSync {
    following: Option<Following>,
    /// When to choose a peer to follow.
    choose_at: Option<Monotonic>,
}

#[derive(Debug)]
struct Following {
    peer: PeerKey,
    deadline: Monotonic,
    held: Option<Held>,
}

/// Headers that are right in their place, but whose work does not beat our tip's yet.
#[derive(Debug)]
struct Held {
    headers: Vec<Header>,
    context: HeaderContext,
    work: Work,
    /// More came, but its time, which is this, has not: nothing behind the last one is followed for now.
    cut_at: Option<u64>,
}

/// What became of held headers.
enum Outcome {
    /// They are in the tree.
    TakenIn,
    /// Their work does not beat our tip's.
    HeldBack(Held),
    /// One that they build on was found invalid.
    InVain,
}

impl Held {
    fn push(&mut self, params: &ChainParams, header: &Header, now_ms: u64) -> Result<(), RuleError> {
        let hash = header.hash();
        check_header(params, header, hash, &self.context, now_ms)?;
        self.context.extend(header, hash);
        self.work = self.work + header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        self.headers.push(*header);
        Ok(())
    }
}

impl HeaderSync {
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.following.as_ref().map(|following| following.deadline).or(self.choose_at)
    }

    /// Returns how many headers are held back.
    pub(super) fn held(&self) -> usize {
        let held = self.following.as_ref().and_then(|following| following.held.as_ref());
        held.map_or(0, |held| held.headers.len())
    }

    /// Stops following a peer that is gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        if self.following.as_ref().is_some_and(|following| gone(&following.peer)) {
            self.following = None;
        }
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Plans to look for a better chain: after a random moment, so that a healed partition does not ask one node.
    pub(super) fn look_for_headers(&mut self) {
        if self.headers.following.is_none() && self.headers.choose_at.is_none() {
            let delay = up_to(limits::SYNC_SPREAD, self.random());
            self.headers.choose_at = Some(self.now.monotonic + delay);
        }
    }

    /// Chooses whom to follow, or gives up on one that does not answer.
    pub(super) fn headers_timeout(&mut self) {
        let now = self.now.monotonic;
        if let Some(following) = self.headers.following.take_if(|following| following.deadline <= now) {
            // a stall is no crime, but others come first
            self.turn_to_others(&following.peer);
        }
        if self.headers.following.is_none() && self.headers.choose_at.is_some_and(|at| at <= now) {
            self.headers.choose_at = None;
            self.follow_somebody();
        }
    }

    fn follow_somebody(&mut self) {
        let now = self.now.monotonic;
        let best = self.chain.headers().best().work;
        let ahead = self.peers.iter().filter(|(key, peer)| {
            let more = peer.status.is_some_and(|status| status.work > best) || peer.has_news;
            more && !peer.is_muted(now) && peer.resting_until <= now && self.is_ready(key.0)
        });
        let ahead: Vec<_> = ahead.map(|(key, _)| *key).collect();
        let Some(peer) = self.choose(&ahead).copied() else { return };
        let locator = self.chain.headers().locator(&self.chain.headers().best().hash);
        self.ask_for_headers(peer, locator, None);
    }

    fn ask_for_headers(&mut self, peer: PeerKey, locator: Vec<BlockHash>, held: Option<Held>) {
        let deadline = self.now.monotonic + limits::HEADERS_TIMEOUT;
        self.send_to(peer, &NodeMessage::GetHeaders(GetHeaders { locator, stop: BlockHash::ZERO }));
        self.headers.following = Some(Following { peer, deadline, held });
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.owes_headers = true;
        }
    }

    /// Takes the answer to a request for headers.
    pub(super) fn on_headers(&mut self, peer: PeerKey, headers: &[Header]) {
        let was_asked = self.peers.get_mut(&peer).is_some_and(|peer| std::mem::take(&mut peer.owes_headers));
        let Some(following) = self.headers.following.take_if(|following| following.peer == peer) else {
            // an answer that comes too late is no crime
            if !was_asked {
                self.score(peer, limits::POINTS_UNASKED);
            }
            return;
        };
        let held = match self.hold(following.held, headers) {
            Ok(held) => held,
            Err(HeadersError::Nothing) => return self.turn_to_others(&peer),
            Err(HeadersError::UnknownStart) => {
                self.score(peer, limits::POINTS_UNKNOWN_START);
                return self.turn_to_others(&peer);
            }
            Err(HeadersError::Unlinked) => return self.mute(peer, MuteReason::UnlinkedHeaders),
            Err(HeadersError::Rule(hash, error)) => {
                self.reject(peer, hash.to_bytes(), &error);
                return self.mute(peer, MuteReason::BrokenRule(error.rule()));
            }
        };
        let is_last = headers.len() < limits::HEADERS_A_MESSAGE || held.cut_at.is_some();
        let (last, work, cut_at) = (held.context.parent, held.work, held.cut_at);
        if let Some(time) = cut_at {
            self.clock.note_cut(time, self.now);
        }
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.shows(work, last);
        }
        match self.take_in_if_better(held) {
            Outcome::TakenIn if !is_last => self.ask_behind(peer, last, None),
            Outcome::HeldBack(held) if !is_last && held.headers.len() < limits::HELD_HEADERS => {
                self.ask_behind(peer, last, Some(held));
            }
            Outcome::TakenIn if cut_at.is_none() => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.has_news = false;
                }
                self.look_for_headers();
            }
            // all that it has for now: what does not beat our tip is let go
            Outcome::TakenIn | Outcome::HeldBack(_) | Outcome::InVain => self.turn_to_others(&peer),
        }
        self.request_bodies();
    }

    /// Asks for the headers behind `last`, or behind what is ours if the peer's chain is another by then.
    fn ask_behind(&mut self, peer: PeerKey, last: BlockHash, held: Option<Held>) {
        let mut locator = vec![last];
        locator.extend(self.chain.headers().locator(&self.chain.tip().hash));
        locator.truncate(limits::LOCATOR);
        self.ask_for_headers(peer, locator, held);
    }

    /// Leaves a peer that has nothing for us at the moment.
    fn turn_to_others(&mut self, peer: &PeerKey) {
        self.rest_peer(peer);
        self.look_for_headers();
    }

    /// Judges headers behind those that are held already.
    fn hold(&self, held: Option<Held>, headers: &[Header]) -> Result<Held, HeadersError> {
        let tree = self.chain.headers();
        // what we know already is of no use, but shows where the news begin
        let mut news = headers.iter().skip_while(|header| tree.get(&header.hash()).is_some()).peekable();
        let first = news.peek().ok_or(HeadersError::Nothing)?;
        let mut held = match held {
            Some(held) if first.previous == held.context.parent => held,
            // it has reorganised between two pages: later, from the start
            Some(_) => return Err(HeadersError::Nothing),
            None => {
                let parent = tree.get(&first.previous).ok_or(HeadersError::UnknownStart)?;
                let context = tree.context_after(&parent.hash).ok_or(HeadersError::UnknownStart)?;
                Held { headers: Vec::new(), context, work: parent.work, cut_at: None }
            }
        };
        for header in news {
            if header.previous != held.context.parent {
                return Err(HeadersError::Unlinked);
            }
            match held.push(self.chain.params(), header, self.now.unix_ms) {
                Ok(()) => {}
                // right but for the moment: what builds on it is not followed until then
                Err(error) if error.is_deferred() => {
                    held.cut_at = Some(header.time);
                    break;
                }
                Err(error) => return Err(HeadersError::Rule(header.hash(), error)),
            }
        }
        Ok(held)
    }

    /// Moves held headers into the tree once they beat our tip, and have the least work that a chain of this network has.
    fn take_in_if_better(&mut self, held: Held) -> Outcome {
        if held.work <= self.chain.tip().work || held.work < self.chain.params().minimum_work() {
            return Outcome::HeldBack(held);
        }
        for header in &held.headers {
            if self.chain.insert_header(header, self.now.unix_ms).is_err() {
                return Outcome::InVain;
            }
        }
        Outcome::TakenIn
    }

    fn rest_peer(&mut self, peer: &PeerKey) {
        let until = self.now.monotonic + limits::HEADERS_REST;
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.resting_until = until;
            peer.has_news = false;
        }
    }
}

/// What is wrong with an answer of headers.
#[derive(Debug)]
enum HeadersError {
    /// There is nothing new in it.
    Nothing,
    /// The first one's parent is unknown.
    UnknownStart,
    /// One does not follow on the one before.
    Unlinked,
    /// This one breaks a rule.
    Rule(BlockHash, RuleError),
}

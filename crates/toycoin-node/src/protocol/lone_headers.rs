//! Headers that were gossiped without their blocks, because those are large.
//!
//! ```text
//!   HDRS of one ─▶ checked ─▶ its block asked of whoever gossiped it ─▶ taken in ─▶ the header goes on
//! ```
//!
//! So who hears of a block from this node can have it from this node.

use std::collections::BTreeMap;

use toycoin_core::{
    BlockHash, Header,
    consensus::{check_header, check_proof_of_work},
    store::ChainStore,
};

use crate::{
    limits,
    protocol::{Judgement, NodeMachine, Ticket, peer_key::PeerKey},
};

/// The tickets of headers whose blocks are awaited.
#[derive(Debug, Default)]
pub(super) struct LoneHeaders {
    waiting: BTreeMap<BlockHash, Ticket>,
}

impl LoneHeaders {
    /// Makes a ticket wait for a block. Returns the ticket that does not wait: of another header for the same block, or
    /// this one if too many wait.
    fn wait(&mut self, hash: BlockHash, ticket: Ticket) -> Option<Ticket> {
        if self.waiting.len() >= limits::LONE_HEADERS && !self.waiting.contains_key(&hash) {
            return Some(ticket);
        }
        self.waiting.insert(hash, ticket)
    }

    /// Takes the ticket that waits for a block.
    pub(super) fn take(&mut self, hash: &BlockHash) -> Option<Ticket> {
        self.waiting.remove(hash)
    }

    /// Removes the tickets that were judged meanwhile.
    pub(super) fn keep_open(&mut self, is_open: impl Fn(&Ticket) -> bool) {
        self.waiting.retain(|_, ticket| is_open(ticket));
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Processes a header that a peer gossiped instead of its block, or with a block that could not be judged. Then there
    /// is no ticket, and only a block that is better than our tip is asked for.
    pub(super) fn on_lone_header(&mut self, peer: PeerKey, ticket: Option<Ticket>, header: &Header) {
        let hash = header.hash();
        if let Some(lane) = self.net.lane_of(&peer) {
            lane.announcements.saw(hash);
        }
        self.net.was_gossiped(hash, |connection| connection == peer.0);
        let (params, tree) = (self.chain.params(), self.chain.headers());
        if self.chain.has_block(&hash) || self.waiting.is_deferred(&hash) {
            return self.net.judge_any(ticket, Judgement::Ignore);
        }
        let parent = tree.get(&header.previous).zip(tree.context_after(&header.previous));
        let Some((parent, context)) = parent else {
            // R08 is nobody's fault, but a header without work is
            if let Err(error) = check_proof_of_work(params, header, hash) {
                self.net.judge_any(ticket, Judgement::Reject);
                self.refuse(Some(peer), hash, &error);
                return;
            }
            if let Some(known) = self.net.peers.get_mut(&peer) {
                known.note_news();
            }
            self.headers.look(&mut self.net);
            return self.net.judge_any(ticket, Judgement::Ignore);
        };
        let work_before = parent.work;
        match check_header(params, header, hash, &context, self.net.now.unix_ms) {
            Ok(()) => {}
            Err(error) if error.is_deferred() => return self.net.judge_any(ticket, Judgement::Ignore),
            Err(error) => {
                self.net.judge_any(ticket, Judgement::Reject);
                self.refuse(Some(peer), hash, &error);
                return;
            }
        }
        if self.is_of_the_past(header, hash, work_before) {
            return self.net.judge_any(ticket, Judgement::Ignore);
        }
        if let Some(ticket) = ticket
            && let Some(other) = self.lone_headers.wait(hash, ticket)
        {
            self.net.judge(other, Judgement::Ignore);
            if other == ticket {
                return;
            }
        }
        let work = work_before + header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        if let Some(known) = self.net.peers.get_mut(&peer) {
            known.shows(work, hash);
        }
        // one that is better is asked of others too, if this peer does not send it
        if work > self.chain.tip().work && self.chain.insert_header(header, self.net.now.unix_ms).is_err() {
            tracing::debug!(%hash, "a header on a branch that proved invalid");
        }
        match ticket {
            Some(_) => self.bodies.ask_of(peer, hash, &mut self.net),
            None => self.bodies.request(&mut self.net, &self.chain),
        }
    }
}

//! Arriving blocks: accepted, deferred or refused.

use std::collections::VecDeque;

use toycoin_core::{
    BlockHash, Header, IdentifiedBlock, RuleError, Work,
    chain::{ChainError, HeaderError, Inserted},
    consensus::{check_form, check_proof_of_work},
    store::ChainStore,
};

use crate::{
    limits,
    protocol::{Event, JobId, Judgement, MuteReason, NodeMachine, peer_key::PeerKey},
};

/// How a block came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// Its sender means it: it answers a request, or says that it mined the block.
    ByItself,
    /// A neighbour on a mesh passes it on, and has judged it only by itself.
    ByGossip,
}

/// Who sent a block, and how it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    pub(super) peer: PeerKey,
    pub(super) came: Came,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Processes a block from a peer. Returns whether it should go on to others.
    pub(super) fn on_block(&mut self, peer: PeerKey, block: impl Into<IdentifiedBlock>, came: Came) -> Judgement {
        let block = block.into();
        let hash = block.hash();
        if let Some(lane) = self.net.lane_of(&peer) {
            lane.announcements.saw(hash);
        }
        // others on that mesh learn of it as this node did
        self.net.was_gossiped(hash, |connection| connection == peer.0);
        if self.chain.has_block(&hash) || self.waiting.is_deferred(&hash) {
            self.bodies.arrived(&hash, Some(peer), None, &mut self.net);
            return Judgement::Ignore;
        }
        match self.chain.headers().get(&block.header.previous).map(|parent| parent.work) {
            None => return self.on_orphan(Sender { peer, came }, block),
            Some(before) if self.is_of_the_past(&block.header, hash, before) => {
                tracing::debug!(%hash, "a block far behind that nobody asked for is not kept");
                return Judgement::Ignore;
            }
            Some(_) => {}
        }
        let time = block.header.time;
        let compact = self.compact.tickets_for(&block);
        self.take_in(Some(Sender { peer, came }), block);
        let is_here = self.chain.has_block(&hash);
        if is_here {
            self.compact.remove(&hash);
        }
        if let Some(ticket) = self.lone_headers.take(&hash) {
            // only a block that is connected can be had from this node
            self.net
                .judge(ticket, if is_here && self.is_better(&hash) { Judgement::Accept } else { Judgement::Ignore });
        }
        for (ticket, is_right) in compact.into_iter().filter(|_| is_here) {
            let goes_on = is_right && self.is_better(&hash);
            self.net.judge(ticket, if goes_on { Judgement::Accept } else { Judgement::Ignore });
        }
        if self.chain.headers().get(&hash).is_some() {
            self.clock.note_block(hash, time, self.net.now);
        }
        self.bodies.request(&mut self.net, &self.chain);
        match is_here {
            true => Judgement::Accept,
            false if self.net.peers.is_muted(&peer, self.net.now.monotonic) => Judgement::Reject,
            false => Judgement::Ignore,
        }
    }

    /// Returns whether a block has more work than our tip, so that it will be connected and can be had from this node.
    pub(super) fn is_better(&self, hash: &BlockHash) -> bool {
        self.chain.headers().get(hash).is_some_and(|entry| entry.work > self.chain.tip().work)
    }

    /// Keeps an orphan block if its own proof of work is valid, and asks for the blocks before it.
    fn on_orphan(&mut self, sender: Sender, block: IdentifiedBlock) -> Judgement {
        let peer = sender.peer;
        let (hash, params) = (block.hash(), self.chain.params());
        let judged = check_form(params, &block).and_then(|()| check_proof_of_work(params, &block.header, hash));
        if let Err(error) = judged {
            self.refuse(Some(peer), hash, &error);
            return Judgement::Reject;
        }
        self.waiting.keep_orphan(sender, block);
        if let Some(peer) = self.net.peers.get_mut(&peer) {
            peer.note_news();
        }
        self.headers.look(&mut self.net);
        Judgement::Ignore
    }

    /// Returns whether a block is new and its chain has too little work: less than ours had
    /// [`LATE_BLOCKS`](limits::LATE_BLOCKS) blocks ago, or less than the network's minimum.
    ///
    /// Such blocks cost little work, and each would be kept for ever. One on a better branch arrives after its headers.
    pub(super) fn is_of_the_past(&self, header: &Header, hash: BlockHash, work_before: Work) -> bool {
        let own = header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        let ago = self.chain.header_at(self.chain.height().saturating_sub(limits::LATE_BLOCKS));
        let least = ago.map(|ago| ago.work).unwrap_or_default().max(self.chain.params().minimum_work());
        self.chain.headers().get(&hash).is_none() && work_before + own < least
    }

    /// Accepts a block whose parent is known, and the orphan blocks that waited for it.
    pub(super) fn take_in(&mut self, sender: Option<Sender>, block: IdentifiedBlock) {
        let mut queue = VecDeque::from([(sender, block)]);
        while let Some((sender, block)) = queue.pop_front() {
            let hash = block.hash();
            if self.take_in_one(sender, block) {
                let children = self.waiting.take_orphans_of(&hash);
                queue.extend(children.into_iter().map(|(sender, block)| (Some(sender), block)));
            }
        }
    }

    /// Accepts one block, and returns whether it is kept.
    fn take_in_one(&mut self, sender: Option<Sender>, block: IdentifiedBlock) -> bool {
        let peer = sender.map(|sender| sender.peer);
        let (hash, header) = (block.hash(), block.header);
        match self.chain.insert_header_of(&block, self.net.now.unix_ms) {
            Ok(_) => {}
            Err(HeaderError::Rule(error)) if error.is_deferred() => {
                return self.defer(sender, block);
            }
            Err(HeaderError::Rule(error)) => return self.refuse(peer, hash, &error),
            // an ancestor is invalid, as honest peers find out too
            Err(_) => return false,
        }
        let size = block.size();
        match self.chain.insert_block(block, self.net.now.unix_ms) {
            Ok(Inserted::New) => {
                self.bodies.arrived(&hash, peer, Some(size), &mut self.net);
                if let Some(Sender { peer, came }) = sender {
                    let interval = self.net.config.min_block_interval;
                    self.mining.pause.earn_for(&header, &hash, &self.chain, interval);
                    self.connecting.gather(self.net.now.monotonic);
                    // a neighbour that gossips a block has not judged its place in the chain either
                    if came == Came::ByItself {
                        self.waiting.remember_sender(hash, peer);
                    }
                }
                self.connecting.is_busy = true;
                let work = self.chain.headers().get(&hash).map(|entry| entry.work);
                if let Some((peer, work)) = peer.and_then(|peer| self.net.peers.get_mut(&peer)).zip(work) {
                    peer.shows(work, hash);
                }
                if work.is_some_and(|work| work <= self.chain.tip().work) {
                    self.net.emit(Event::SideBlock { hash, height: header.height });
                }
                true
            }
            Ok(Inserted::Known) => true,
            // the body may be another peer's fault, so the request for it stays
            Err(ChainError::Rule(error)) => self.refuse(peer, hash, &error),
            Err(ChainError::Store(error)) => {
                self.net.halt(&error.to_string());
                false
            }
            Err(_) => false,
        }
    }

    /// Tells that a block is invalid, and mutes its sender. Returns false, since the block is not kept.
    pub(super) fn refuse(&mut self, peer: Option<PeerKey>, hash: BlockHash, error: &RuleError) -> bool {
        self.net.emit(Event::BlockRejected { hash, rule: error.rule(), reason: error.to_string() });
        if let Some(peer) = peer {
            self.net.reject(peer, hash.to_bytes(), error);
            self.net.mute(peer, MuteReason::BrokenRule(error.rule()));
        }
        false
    }

    /// Defers a block that is valid by itself until its time has come. Its descendants are not followed until then.
    fn defer(&mut self, sender: Option<Sender>, block: IdentifiedBlock) -> bool {
        let hash = block.hash();
        let block = match block.check(self.chain.params()) {
            Ok(checked) => checked.into_identified_block(),
            Err(error) => return self.refuse(sender.map(|sender| sender.peer), hash, &error),
        };
        self.clock.note_news(self.net.now.monotonic);
        self.waiting.defer(sender, block);
        false
    }

    /// Accepts the deferred blocks whose time has come.
    pub(super) fn retry_deferred(&mut self) {
        let latest = self.net.now.unix_ms.saturating_add(self.chain.params().spec().max_future_ms);
        while let Some((sender, block)) = self.waiting.take_deferred(latest) {
            match sender {
                None => self.take_in_own(block),
                sender => self.take_in(sender, block),
            }
            self.bodies.request(&mut self.net, &self.chain);
        }
    }

    /// Processes a nonce that was found.
    pub(super) fn on_mined(&mut self, job: JobId, nonce: u64) {
        if let Some(block) = self.mining.on_mined(job, nonce, &mut self.net) {
            self.waiting.remember_own(block.hash());
            self.take_in_own(block);
        }
    }

    /// Accepts a block of our own and plans its publication. A block with a timestamp in the future is not published
    /// before its time, because other nodes would defer it too.
    fn take_in_own(&mut self, block: IdentifiedBlock) {
        let (hash, height) = (block.hash(), block.header.height);
        self.take_in(None, block.clone());
        if self.chain.has_block(&hash) {
            self.net.emit(Event::BlockMined { hash, height });
            self.mining.hold_back(block, &self.net);
        }
    }
}

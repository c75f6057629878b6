//! Arriving blocks: accepted, deferred or refused; and the moves of the tip that follow.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::{
    Block, BlockHash, CheckedBlock, Header, RuleError, Work,
    chain::{Advance, ChainError, HeaderError, Inserted},
    consensus::{check_form, check_proof_of_work},
    store::ChainStore,
};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Event, MuteReason, NodeMachine, peers::PeerKey},
};

/// Blocks that cannot be judged yet, and the senders of those that can.
#[derive(Debug, Default)]
pub(super) struct WaitingBlocks {
    /// Orphan blocks, whose parent is unknown, the oldest first.
    orphans: VecDeque<(PeerKey, Block)>,
    /// Blocks that are valid but for a timestamp in the future, by timestamp.
    deferred: BTreeMap<(u64, BlockHash), (Option<PeerKey>, Block)>,
    /// The senders of bodies that are not connected yet, the oldest first.
    senders: VecDeque<(BlockHash, PeerKey)>,
    /// Our own blocks that are not connected yet.
    own: VecDeque<BlockHash>,
}

/// Bodies that wait for others, to be connected together.
#[derive(Debug)]
pub(super) struct Gathering {
    pub(super) until: Monotonic,
    bodies: usize,
}

impl WaitingBlocks {
    /// Returns the first deferred block's timestamp in Unix milliseconds, and whether the block is our own.
    pub(super) fn first_deferred(&self) -> Option<(u64, bool)> {
        self.deferred.first_key_value().map(|((time, _), (peer, _))| (*time, peer.is_none()))
    }

    pub(super) fn is_deferred(&self, hash: &BlockHash) -> bool {
        self.deferred.keys().any(|(_, deferred)| deferred == hash)
    }

    /// Returns the number of orphan blocks, and their bytes.
    pub(super) fn orphans(&self) -> (usize, u64) {
        (self.orphans.len(), self.orphans.iter().map(|(_, block)| block.size()).sum())
    }

    /// Returns the number of deferred blocks, and their bytes.
    pub(super) fn deferred(&self) -> (usize, u64) {
        (self.deferred.len(), self.deferred.values().map(|(_, block)| block.size()).sum())
    }

    /// Returns the number of remembered senders or of own blocks, whichever is greater.
    #[cfg(feature = "test-util")]
    pub(super) fn senders(&self) -> usize {
        self.senders.len().max(self.own.len())
    }

    fn keep_orphan(&mut self, peer: PeerKey, block: Block) {
        let hash = block.hash();
        if self.orphans.iter().any(|(_, orphan)| orphan.hash() == hash) {
            return;
        }
        self.orphans.push_back((peer, block));
        let is_too_much = |(count, bytes)| count > limits::ORPHAN_BLOCKS || bytes > limits::ORPHAN_BLOCK_BYTES;
        while is_too_much(self.orphans()) {
            self.orphans.pop_front();
        }
    }

    fn take_orphans_of(&mut self, parent: &BlockHash) -> Vec<(PeerKey, Block)> {
        let (children, others) =
            std::mem::take(&mut self.orphans).into_iter().partition(|(_, block)| block.header.previous == *parent);
        self.orphans = others;
        Vec::from(children as VecDeque<_>)
    }

    /// Drops the deferred block whose timestamp lies farthest in the future. Peers' blocks go before our own.
    fn let_go_of_deferred(&mut self) {
        let farthest = self.deferred.iter().rev().find(|(_, (peer, _))| peer.is_some()).map(|(key, _)| *key);
        match farthest {
            Some(key) => drop(self.deferred.remove(&key)),
            None => drop(self.deferred.pop_last()),
        }
    }

    fn sender(&mut self, hash: &BlockHash) -> Option<PeerKey> {
        let place = self.senders.iter().position(|(sent, _)| sent == hash)?;
        self.senders.remove(place).map(|(_, peer)| peer)
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Processes a block from a peer.
    pub(super) fn on_block(&mut self, peer: PeerKey, block: Block) {
        let hash = block.hash();
        if let Some(link) = self.net.links.get_mut(&peer.0) {
            link.seen.insert(hash);
        }
        if self.chain.has_block(&hash) || self.waiting.is_deferred(&hash) {
            self.body_arrived(&hash, Some(peer), None);
            return;
        }
        match self.chain.headers().get(&block.header.previous).map(|parent| parent.work) {
            None => return self.on_orphan(peer, block),
            Some(before) if self.is_of_the_past(&block.header, hash, before) => {
                return tracing::debug!(%hash, "a block far behind that nobody asked for is not kept");
            }
            Some(_) => {}
        }
        let time = block.header.time;
        self.take_in(Some(peer), block);
        if self.chain.headers().get(&hash).is_some() {
            self.clock.note_block(hash, time, self.net.now);
        }
        self.request_bodies();
    }

    /// Keeps an orphan block if its own proof of work is valid, and asks for the blocks before it.
    fn on_orphan(&mut self, peer: PeerKey, block: Block) {
        let (hash, params) = (block.hash(), self.chain.params());
        let judged = check_form(params, &block).and_then(|()| check_proof_of_work(params, &block.header, hash));
        if let Err(error) = judged {
            self.refuse(Some(peer), hash, &error);
            return;
        }
        self.waiting.keep_orphan(peer, block);
        if let Some(peer) = self.net.peers.get_mut(&peer) {
            peer.note_news();
        }
        self.look_for_headers();
    }

    /// Returns whether a block is new and its chain has too little work: less than ours had
    /// [`LATE_BLOCKS`](limits::LATE_BLOCKS) blocks ago, or less than the network's minimum.
    ///
    /// Such blocks cost little work, and each would be kept for ever. One on a better branch arrives after its headers.
    fn is_of_the_past(&self, header: &Header, hash: BlockHash, work_before: Work) -> bool {
        let own = header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        let ago = self.chain.header_at(self.chain.height().saturating_sub(limits::LATE_BLOCKS));
        let least = ago.map(|ago| ago.work).unwrap_or_default().max(self.chain.params().minimum_work());
        self.chain.headers().get(&hash).is_none() && work_before + own < least
    }

    /// Accepts a block whose parent is known, and the orphan blocks that waited for it.
    pub(super) fn take_in(&mut self, peer: Option<PeerKey>, block: Block) {
        let mut queue = VecDeque::from([(peer, block)]);
        while let Some((peer, block)) = queue.pop_front() {
            let hash = block.hash();
            if self.take_in_one(peer, block) {
                let children = self.waiting.take_orphans_of(&hash);
                queue.extend(children.into_iter().map(|(peer, block)| (Some(peer), block)));
            }
        }
    }

    /// Accepts one block, and returns whether it is kept.
    fn take_in_one(&mut self, peer: Option<PeerKey>, block: Block) -> bool {
        let (hash, header) = (block.hash(), block.header);
        match self.chain.insert_header(&header, self.net.now.unix_ms) {
            Ok(_) => {}
            Err(HeaderError::Rule(error)) if error.is_deferred() => {
                return self.defer(peer, block);
            }
            Err(HeaderError::Rule(error)) => return self.refuse(peer, hash, &error),
            // an ancestor is invalid, as honest peers find out too
            Err(_) => return false,
        }
        let size = block.size();
        match self.chain.insert_block(block, self.net.now.unix_ms) {
            Ok(Inserted::New) => {
                self.body_arrived(&hash, peer, Some(size));
                if let Some(peer) = peer {
                    self.earn_pause(&header, &hash);
                    self.last_block = self.net.now.monotonic;
                    self.gather();
                    self.waiting.senders.push_back((hash, peer));
                    if self.waiting.senders.len() > limits::REMEMBERED_SENDERS {
                        self.waiting.senders.pop_front();
                    }
                }
                self.busy = true;
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

    fn refuse(&mut self, peer: Option<PeerKey>, hash: BlockHash, error: &RuleError) -> bool {
        self.net.emit(Event::BlockRejected { hash, rule: error.rule(), reason: error.to_string() });
        if let Some(peer) = peer {
            self.reject(peer, hash.to_bytes(), error);
            self.mute(peer, MuteReason::BrokenRule(error.rule()));
        }
        false
    }

    /// Defers a block that is valid by itself until its time has come. Its descendants are not followed until then.
    fn defer(&mut self, peer: Option<PeerKey>, block: Block) -> bool {
        let hash = block.hash();
        let block = match block.check(self.chain.params()) {
            Ok(checked) => checked.into_block(),
            Err(error) => return self.refuse(peer, hash, &error),
        };
        self.clock.note_news(self.net.now.monotonic);
        self.waiting.deferred.insert((block.header.time, hash), (peer, block));
        let is_too_much = |(count, bytes)| count > limits::DEFERRED_BLOCKS || bytes > limits::ORPHAN_BLOCK_BYTES;
        while is_too_much(self.waiting.deferred()) {
            self.waiting.let_go_of_deferred();
        }
        false
    }

    /// Accepts the deferred blocks whose time has come.
    pub(super) fn retry_deferred(&mut self) {
        let latest = self.net.now.unix_ms.saturating_add(self.chain.params().spec().max_future_ms);
        while let Some(first) = self.waiting.deferred.first_entry().filter(|first| first.key().0 <= latest) {
            match first.remove() {
                (None, block) => self.take_in_own(block),
                (peer, block) => self.take_in(peer, block),
            }
            self.request_bodies();
        }
    }

    /// Records that a body arrived. If the chain has nothing else to connect, this body may wait for others.
    fn gather(&mut self) {
        match &mut self.gathering {
            Some(gathering) => gathering.bodies += 1,
            None if !self.busy => {
                self.gathering = Some(Gathering { until: self.net.now.monotonic + limits::GATHER_TIME, bodies: 1 });
            }
            None => {}
        }
    }

    /// Returns whether arrived bodies wait for others, because verifying their signatures together costs less.
    ///
    /// They wait only during initial block download (IBD), while more are requested, for a bounded time and number.
    /// Then all of them are connected.
    pub(super) fn gathers(&mut self) -> bool {
        let now = self.net.now.monotonic;
        let wait = |gathering: &Gathering| now < gathering.until && gathering.bodies < limits::GATHERED_BLOCKS;
        if !self.gathering.as_ref().is_some_and(wait) || self.bodies.in_flight() == 0 || !self.is_far_behind() {
            self.gathering = None;
        }
        self.gathering.is_some()
    }

    /// Does one piece of work on the chain, if there is any. Each call connects at most one block.
    pub(super) fn advance(&mut self) {
        if !self.busy {
            return;
        }
        match self.chain.advance() {
            Ok(Advance::Idle) => self.busy = false,
            Ok(Advance::Working) => tracing::trace!("a step of a reorganisation, or a look at the store"),
            // a move that is not durable must not be announced
            Ok(Advance::Moved(moved)) if self.is_far_behind() || self.make_durable() => self.on_moved(moved),
            Ok(Advance::Moved(_)) => {}
            Ok(Advance::Invalid { hash, error }) => {
                let sender = self.waiting.sender(&hash);
                self.refuse(sender, hash, &error);
            }
            Err(error) => self.net.halt(&error.to_string()),
        }
    }

    pub(super) fn remember_own(&mut self, hash: BlockHash) {
        self.waiting.own.push_back(hash);
        if self.waiting.own.len() > limits::REMEMBERED_SENDERS {
            self.waiting.own.pop_front();
        }
    }

    pub(super) fn is_own(&self, block: &CheckedBlock) -> bool {
        self.waiting.own.contains(&block.hash())
    }

    /// Forgets the sender of a block that proved valid.
    pub(super) fn forget_sender(&mut self, hash: &BlockHash) {
        self.waiting.sender(hash);
    }
}

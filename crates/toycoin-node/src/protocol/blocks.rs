//! Blocks as they come: kept, put off, or refused; and the moves of the tip that follow.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::{
    Block, BlockHash, CheckedBlock, RuleError,
    chain::{Advance, ChainError, HeaderError, Inserted, Moved},
    store::ChainStore,
};

use crate::{
    limits,
    protocol::{DisconnectReason, Event, NodeMachine, peers::PeerKey},
};

/// Blocks that cannot be judged yet, and who sent those that can.
#[derive(Debug, Default)]
pub(super) struct WaitingBlocks {
    /// Blocks whose parent is unknown, the oldest first.
    orphans: VecDeque<(PeerKey, Block)>,
    /// Blocks that are right but for their time, by time.
    deferred: BTreeMap<(u64, BlockHash), (Option<PeerKey>, Block)>,
    /// Who sent a body that is not connected yet, the oldest first.
    senders: VecDeque<(BlockHash, PeerKey)>,
    /// Blocks of our own that are not connected yet.
    own: VecDeque<BlockHash>,
}

impl WaitingBlocks {
    /// Returns when the first deferred block's time comes, in Unix milliseconds.
    pub(super) fn first_deferred(&self) -> Option<u64> {
        self.deferred.keys().next().map(|(time, _)| *time)
    }

    pub(super) fn is_deferred(&self, hash: &BlockHash) -> bool {
        self.deferred.keys().any(|(_, deferred)| deferred == hash)
    }

    fn keep_orphan(&mut self, peer: PeerKey, block: Block) {
        let hash = block.hash();
        if self.orphans.iter().any(|(_, orphan)| orphan.hash() == hash) {
            return;
        }
        self.orphans.push_back((peer, block));
        let size = |orphans: &VecDeque<(PeerKey, Block)>| orphans.iter().map(|(_, block)| block.size()).sum::<u64>();
        while self.orphans.len() > limits::ORPHAN_BLOCKS || size(&self.orphans) > limits::ORPHAN_BLOCK_BYTES {
            self.orphans.pop_front();
        }
    }

    fn take_orphans_of(&mut self, parent: &BlockHash) -> Vec<(PeerKey, Block)> {
        let (children, others) =
            std::mem::take(&mut self.orphans).into_iter().partition(|(_, block)| block.header.previous == *parent);
        self.orphans = others;
        Vec::from(children as VecDeque<_>)
    }

    fn sender(&mut self, hash: &BlockHash) -> Option<PeerKey> {
        let place = self.senders.iter().position(|(sent, _)| sent == hash)?;
        self.senders.remove(place).map(|(_, peer)| peer)
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Takes a block from a peer.
    pub(super) fn on_block(&mut self, peer: PeerKey, block: Block) {
        let hash = block.hash();
        if let Some(link) = self.links.get_mut(&peer.0) {
            link.seen.insert(hash);
        }
        if self.chain.has_block(&hash) || self.waiting.is_deferred(&hash) {
            self.bodies.arrived(&hash);
            return;
        }
        if self.chain.headers().get(&block.header.previous).is_none() {
            // it may build on a better chain: ask for the headers between
            self.waiting.keep_orphan(peer, block);
            if let Some(peer) = self.peers.get_mut(&peer) {
                peer.note_news();
            }
            self.look_for_headers();
            return;
        }
        self.take_in(Some(peer), block);
        self.request_bodies();
    }

    /// Takes in a block whose parent is known, and whatever waited for it.
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

    /// Returns whether the block is kept.
    fn take_in_one(&mut self, peer: Option<PeerKey>, block: Block) -> bool {
        let (hash, header) = (block.hash(), block.header);
        match self.chain.insert_header(&header, self.now.unix_ms) {
            Ok(_) => {}
            Err(HeaderError::Rule(error)) if error.is_deferred() => {
                self.defer(peer, block);
                return false;
            }
            Err(HeaderError::Rule(error)) => return self.refuse(peer, hash, &error),
            // an ancestor was found invalid: honest peers found that too
            Err(_) => return false,
        }
        match self.chain.insert_block(block, self.now.unix_ms) {
            Ok(Inserted::New) => {
                self.bodies.arrived(&hash);
                self.busy = true;
                if let Some(peer) = peer {
                    self.last_block = self.now.monotonic;
                    self.waiting.senders.push_back((hash, peer));
                    if self.waiting.senders.len() > limits::REMEMBERED_SENDERS {
                        self.waiting.senders.pop_front();
                    }
                }
                let work = self.chain.headers().get(&hash).map(|entry| entry.work);
                if work.is_some_and(|work| work <= self.chain.tip().work) {
                    self.emit(Event::SideBlock { hash, height: header.height });
                }
                true
            }
            Ok(Inserted::Known) => true,
            // the body may be another's fault, the request for it stays
            Err(ChainError::Rule(error)) => self.refuse(peer, hash, &error),
            Err(ChainError::Store(error)) => {
                self.halt(&error.to_string());
                false
            }
            Err(_) => false,
        }
    }

    fn refuse(&mut self, peer: Option<PeerKey>, hash: BlockHash, error: &RuleError) -> bool {
        self.emit(Event::BlockRejected { hash, rule: error.rule(), reason: error.to_string() });
        if let Some(peer) = peer {
            self.reject(peer, hash.to_bytes(), error);
            self.mute(peer, DisconnectReason::BrokenRule(error.rule()));
        }
        false
    }

    /// Keeps a block until its time has come; what builds on it is not followed until then.
    fn defer(&mut self, peer: Option<PeerKey>, block: Block) {
        let deferred = &mut self.waiting.deferred;
        deferred.insert((block.header.time, block.hash()), (peer, block));
        let size = |deferred: &BTreeMap<_, (_, Block)>| deferred.values().map(|(_, block)| block.size()).sum::<u64>();
        // the farthest ahead waits longest and goes first
        while deferred.len() > limits::DEFERRED_BLOCKS || size(deferred) > limits::ORPHAN_BLOCK_BYTES {
            deferred.pop_last();
        }
    }

    /// Takes in the deferred blocks whose time has come.
    pub(super) fn retry_deferred(&mut self) {
        let latest = self.now.unix_ms.saturating_add(self.chain.params().spec().drift_ms);
        while let Some(first) = self.waiting.deferred.first_entry().filter(|first| first.key().0 <= latest) {
            let (peer, block) = first.remove();
            self.take_in(peer, block);
        }
    }

    /// Does one piece of work on the chain, if there is any: at most one block is judged a call.
    pub(super) fn advance(&mut self) {
        if !self.busy {
            return;
        }
        match self.chain.advance() {
            Ok(Advance::Idle) => self.busy = false,
            Ok(Advance::Working) => {}
            Ok(Advance::Moved(moved)) => self.on_moved(&moved),
            Ok(Advance::Invalid { hash, error }) => {
                let sender = self.waiting.sender(&hash);
                self.refuse(sender, hash, &error);
            }
            Err(error) => self.halt(&error.to_string()),
        }
    }

    fn on_moved(&mut self, moved: &Moved) {
        for block in &moved.disconnected {
            self.emit(Event::BlockDisconnected { block: block.clone() });
        }
        for block in &moved.connected {
            let own = self.is_own(block);
            self.waiting.sender(&block.hash());
            self.emit(Event::BlockConnected { block: block.clone(), own });
        }
        self.update_mempool(moved);
        self.emit(Event::TipChanged { tip: self.chain.tip(), disconnected: moved.disconnected.len() });
        self.check_waits();
        self.plan_announcements();
        self.request_bodies();
    }

    pub(super) fn remember_own(&mut self, hash: BlockHash) {
        self.waiting.own.push_back(hash);
        if self.waiting.own.len() > limits::REMEMBERED_SENDERS {
            self.waiting.own.pop_front();
        }
    }

    fn is_own(&self, block: &CheckedBlock) -> bool {
        self.waiting.own.contains(&block.hash())
    }
}

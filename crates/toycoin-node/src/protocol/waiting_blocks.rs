//! Blocks that cannot be judged or connected yet, and who sent them.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::{BlockHash, IdentifiedBlock};

use crate::{
    limits,
    protocol::{blocks::Sender, peer_key::PeerKey},
};

/// Blocks that cannot be judged yet, and the senders of those that can.
#[derive(Debug, Default)]
pub(super) struct WaitingBlocks {
    /// Orphan blocks, whose parent is unknown, the oldest first.
    orphans: VecDeque<(Sender, IdentifiedBlock)>,
    /// Blocks that are valid but for a timestamp in the future, by timestamp.
    deferred: BTreeMap<(u64, BlockHash), (Option<Sender>, IdentifiedBlock)>,
    /// The senders of bodies that are not connected yet, the oldest first.
    senders: VecDeque<(BlockHash, PeerKey)>,
    /// Our own blocks that are not connected yet.
    own: VecDeque<BlockHash>,
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

    pub(super) fn has_orphan(&self, hash: &BlockHash) -> bool {
        self.orphans.iter().any(|(_, orphan)| orphan.hash() == *hash)
    }

    pub(super) fn keep_orphan(&mut self, sender: Sender, block: IdentifiedBlock) {
        let hash = block.hash();
        if self.has_orphan(&hash) {
            return;
        }
        self.orphans.push_back((sender, block));
        let is_too_much = |(count, bytes)| count > limits::ORPHAN_BLOCKS || bytes > limits::ORPHAN_BLOCK_BYTES;
        while is_too_much(self.orphans()) {
            self.orphans.pop_front();
        }
    }

    pub(super) fn take_orphans_of(&mut self, parent: &BlockHash) -> Vec<(Sender, IdentifiedBlock)> {
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

    /// Takes the sender of a block.
    pub(super) fn take_sender(&mut self, hash: &BlockHash) -> Option<PeerKey> {
        let place = self.senders.iter().position(|(sent, _)| sent == hash)?;
        self.senders.remove(place).map(|(_, peer)| peer)
    }

    /// Remembers the sender of a body that is not connected yet.
    pub(super) fn remember_sender(&mut self, hash: BlockHash, peer: PeerKey) {
        self.senders.push_back((hash, peer));
        if self.senders.len() > limits::REMEMBERED_SENDERS {
            self.senders.pop_front();
        }
    }

    /// Remembers an own block that is not connected yet.
    pub(super) fn remember_own(&mut self, hash: BlockHash) {
        self.own.push_back(hash);
        if self.own.len() > limits::REMEMBERED_SENDERS {
            self.own.pop_front();
        }
    }

    pub(super) fn is_own(&self, hash: &BlockHash) -> bool {
        self.own.contains(hash)
    }

    /// Keeps a block that is valid by itself until its time has come.
    pub(super) fn defer(&mut self, sender: Option<Sender>, block: IdentifiedBlock) {
        self.deferred.insert((block.header.time, block.hash()), (sender, block));
        let is_too_much = |(count, bytes)| count > limits::DEFERRED_BLOCKS || bytes > limits::ORPHAN_BLOCK_BYTES;
        while is_too_much(self.deferred()) {
            self.let_go_of_deferred();
        }
    }

    /// Takes a deferred block whose timestamp is `latest` or earlier.
    pub(super) fn take_deferred(&mut self, latest: u64) -> Option<(Option<Sender>, IdentifiedBlock)> {
        self.deferred.first_entry().filter(|first| first.key().0 <= latest).map(|first| first.remove())
    }
}

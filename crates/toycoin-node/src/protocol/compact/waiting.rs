//! Compact blocks that cannot be rebuilt yet.

use std::collections::BTreeMap;

use toycoin_core::{
    BlockHash, IdentifiedBlock,
    compact::{CompactBlock, Rebuild},
};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Ticket, peer_key::PeerKey},
};

/// The compact blocks that wait, by hash and sender. Few of one block wait, however many come.
#[derive(Debug, Default)]
pub(in crate::protocol) struct CompactBlocks {
    waiting: BTreeMap<(BlockHash, PeerKey), Waiting>,
}

/// A compact block that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Its ticket, if it was gossiped.
    pub(super) ticket: Option<Ticket>,
    pub(super) awaits: Awaits,
    pub(super) since: Monotonic,
}

/// What a compact block waits for.
#[derive(Debug)]
pub(super) enum Awaits {
    /// The payments that its sender was asked for.
    Payments(Box<Rebuild>),
    /// The whole block, which shows whether the compact block was right.
    Block(Box<CompactBlock>),
}

impl Waiting {
    fn compact(&self) -> &CompactBlock {
        match &self.awaits {
            Awaits::Payments(rebuild) => rebuild.compact(),
            Awaits::Block(compact) => compact,
        }
    }
}

impl CompactBlocks {
    /// Returns the number of compact blocks that wait.
    #[cfg(feature = "test-util")]
    pub(in crate::protocol) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns whether a compact block of a block waits.
    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        self.of(hash).next().is_some()
    }

    /// Returns whether a compact block of a peer may wait beside those of the same block.
    pub(super) fn has_room(&self, hash: &BlockHash, peer: &PeerKey) -> bool {
        !self.waiting.contains_key(&(*hash, *peer)) && self.of(hash).count() < limits::COMPACT_BLOCK_SENDERS
    }

    /// Keeps a compact block of a peer until more of its block comes. Returns the tickets of those that made room.
    pub(super) fn keep(&mut self, hash: BlockHash, peer: PeerKey, waiting: Waiting) -> Vec<Ticket> {
        let key = (hash, peer);
        self.waiting.insert(key, waiting);
        let mut gone = Vec::new();
        let of_peer = |sender: &PeerKey| *sender == peer;
        if self.waiting.keys().filter(|(_, sender)| of_peer(sender)).count() > limits::COMPACT_BLOCKS_A_PEER {
            gone.extend(self.take_oldest(&key, of_peer));
        }
        if self.waiting.len() > limits::COMPACT_BLOCKS {
            gone.extend(self.take_oldest(&key, |_| true));
        }
        gone.into_iter().filter_map(|waiting: Waiting| waiting.ticket).collect()
    }

    /// Takes the compact block with that hash whose missing payments a peer was asked for.
    pub(super) fn take_asked(&mut self, hash: &BlockHash, peer: &PeerKey) -> Option<(Rebuild, Option<Ticket>)> {
        let key = (*hash, *peer);
        if !matches!(self.waiting.get(&key)?.awaits, Awaits::Payments(_)) {
            return None;
        }
        match self.waiting.remove(&key)? {
            Waiting { awaits: Awaits::Payments(rebuild), ticket, .. } => Some((*rebuild, ticket)),
            _ => None,
        }
    }

    /// Returns the tickets that wait for a block, and for each whether its compact block is that of the block.
    pub(in crate::protocol) fn tickets_for(&self, block: &IdentifiedBlock) -> Vec<(Ticket, bool)> {
        let hash = block.hash();
        let ticket = |waiting: &Waiting| Some((waiting.ticket?, waiting.compact().is_of(block.block())));
        self.of(&hash).filter_map(ticket).collect()
    }

    /// Forgets the compact blocks of a block that has come.
    pub(in crate::protocol) fn remove(&mut self, hash: &BlockHash) {
        self.waiting.retain(|(waiting, _), _| waiting != hash);
    }

    /// Forgets the compact blocks of peers that are gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.waiting.retain(|(_, sender), _| !gone(sender));
    }

    /// Forgets the compact blocks that have waited for too long. Their tickets were judged by then.
    pub(in crate::protocol) fn expire(&mut self, now: Monotonic) {
        self.waiting.retain(|_, waiting| now < waiting.since + limits::COMPACT_BLOCK_MEMORY);
    }

    /// Takes the oldest compact block of some peers, except a new one.
    fn take_oldest(&mut self, new: &(BlockHash, PeerKey), of: impl Fn(&PeerKey) -> bool) -> Option<Waiting> {
        let others = self.waiting.iter().filter(|(key, _)| *key != new && of(&key.1));
        let oldest = others.min_by_key(|(key, waiting)| (waiting.since, **key)).map(|(key, _)| *key)?;
        self.waiting.remove(&oldest)
    }

    fn of(&self, hash: &BlockHash) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().filter(move |((waiting, _), _)| waiting == hash).map(|(_, waiting)| waiting)
    }
}
const _: () = assert!(limits::COMPACT_BLOCK_MEMORY.as_nanos() > limits::TICKET_PATIENCE.as_nanos());

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_core::ChainParams;
    use toycoin_wire::NodeId;

    use super::*;
    use crate::relay::ConnectionId;

    fn peer(number: u8) -> PeerKey {
        (ConnectionId(1), NodeId::new([number; 16]))
    }

    fn keep(blocks: &mut CompactBlocks, number: u8, sender: u8, at: u64) -> Vec<Ticket> {
        let compact = CompactBlock::of(ChainParams::regtest().genesis(), 1);
        let awaits = Awaits::Block(Box::new(compact));
        let since = Monotonic::ORIGIN + Duration::from_secs(at);
        let ticket = Some(Ticket(number.into()));
        blocks.keep(BlockHash::from_bytes([number; 32]), peer(sender), Waiting { ticket, awaits, since })
    }

    #[test]
    fn oldest_compact_block_of_a_busy_peer_makes_room_first() {
        let mut blocks = CompactBlocks::default();
        assert_eq!(keep(&mut blocks, 1, 1, 3), []);
        assert_eq!(keep(&mut blocks, 2, 2, 1), []);
        assert_eq!(keep(&mut blocks, 3, 1, 4), []);
        assert_eq!(keep(&mut blocks, 4, 1, 5), [Ticket(1)]);
        for number in 5..=9 {
            assert_eq!(keep(&mut blocks, number, number, 6), []);
        }
        assert_eq!(blocks.waiting.len(), limits::COMPACT_BLOCKS);
        assert_eq!(keep(&mut blocks, 10, 10, 2), [Ticket(2)], "the oldest of all");
        assert_eq!(blocks.waiting.len(), limits::COMPACT_BLOCKS);
    }

    #[test]
    fn compact_blocks_are_forgotten_with_their_peer_and_in_time() {
        let mut blocks = CompactBlocks::default();
        keep(&mut blocks, 1, 1, 0);
        keep(&mut blocks, 2, 2, 0);
        keep(&mut blocks, 3, 3, 1);
        blocks.forget(|gone| *gone == peer(2));
        assert_eq!(blocks.waiting.len(), 2);
        blocks.expire(Monotonic::ORIGIN + limits::COMPACT_BLOCK_MEMORY);
        assert_eq!(blocks.waiting.keys().copied().collect::<Vec<_>>(), [(BlockHash::from_bytes([3; 32]), peer(3))]);
    }

    #[test]
    fn compact_blocks_of_a_block_wait_for_few_senders() {
        let mut blocks = CompactBlocks::default();
        let [one, other] = [1, 2].map(|number| BlockHash::from_bytes([number; 32]));
        assert!(!blocks.contains(&one) && blocks.has_room(&one, &peer(1)));
        keep(&mut blocks, 1, 1, 0);
        assert!(blocks.contains(&one) && !blocks.contains(&other));
        assert!(!blocks.has_room(&one, &peer(1)) && blocks.has_room(&one, &peer(2)), "each sender once");
        assert_eq!(keep(&mut blocks, 1, 2, 0), []);
        assert!(!blocks.has_room(&one, &peer(3)) && blocks.has_room(&other, &peer(3)));
        blocks.remove(&one);
        assert_eq!(blocks.waiting.len(), 0);
    }
}

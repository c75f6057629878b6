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

/// The compact blocks that wait, by hash. Each hash waits once, however many compact blocks of it come.
#[derive(Debug, Default)]
pub(in crate::protocol) struct CompactBlocks {
    waiting: BTreeMap<BlockHash, Waiting>,
}

/// A compact block that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The peer that sent it.
    pub(super) sender: PeerKey,
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

    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        self.waiting.contains_key(hash)
    }

    /// Keeps a compact block until more of its block comes. Returns the tickets of those that made room.
    pub(super) fn keep(&mut self, hash: BlockHash, waiting: Waiting) -> Vec<Ticket> {
        let sender = waiting.sender;
        self.waiting.insert(hash, waiting);
        let mut gone = Vec::new();
        let of_peer = |waiting: &Waiting| waiting.sender == sender;
        if self.waiting.values().filter(|waiting| of_peer(waiting)).count() > limits::COMPACT_BLOCKS_A_PEER {
            gone.extend(self.take_oldest(&hash, of_peer));
        }
        if self.waiting.len() > limits::COMPACT_BLOCKS {
            gone.extend(self.take_oldest(&hash, |_| true));
        }
        gone.into_iter().filter_map(|waiting: Waiting| waiting.ticket).collect()
    }

    /// Takes the compact block with that hash whose missing payments a peer was asked for.
    pub(super) fn take_asked(&mut self, hash: &BlockHash, peer: &PeerKey) -> Option<(Rebuild, Option<Ticket>)> {
        let waiting = self.waiting.get(hash)?;
        if waiting.sender != *peer || !matches!(waiting.awaits, Awaits::Payments(_)) {
            return None;
        }
        match self.waiting.remove(hash)? {
            Waiting { awaits: Awaits::Payments(rebuild), ticket, .. } => Some((*rebuild, ticket)),
            _ => None,
        }
    }

    /// Returns the ticket that waits for a block, and whether its compact block is that of the block.
    pub(in crate::protocol) fn ticket_for(&self, block: &IdentifiedBlock) -> Option<(Ticket, bool)> {
        let waiting = self.waiting.get(&block.hash())?;
        waiting.ticket.map(|ticket| (ticket, waiting.compact().is_of(block.block())))
    }

    /// Forgets a compact block whose block has come.
    pub(in crate::protocol) fn remove(&mut self, hash: &BlockHash) {
        self.waiting.remove(hash);
    }

    /// Forgets the compact blocks of peers that are gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.waiting.retain(|_, waiting| !gone(&waiting.sender));
    }

    /// Forgets the compact blocks that have waited for too long. Their tickets were judged by then.
    pub(in crate::protocol) fn expire(&mut self, now: Monotonic) {
        self.waiting.retain(|_, waiting| now < waiting.since + limits::COMPACT_BLOCK_MEMORY);
    }

    /// Takes the oldest compact block of some, except a new one.
    fn take_oldest(&mut self, new: &BlockHash, of: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let others = self.waiting.iter().filter(|(hash, waiting)| *hash != new && of(waiting));
        let oldest = others.min_by_key(|(hash, waiting)| (waiting.since, **hash)).map(|(hash, _)| *hash)?;
        self.waiting.remove(&oldest)
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
        blocks.keep(BlockHash::from_bytes([number; 32]), Waiting { sender: peer(sender), ticket, awaits, since })
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
        assert_eq!(blocks.waiting.keys().copied().collect::<Vec<_>>(), [BlockHash::from_bytes([3; 32])]);
    }
}

//! Durability: what must survive a crash, and when it is synced.
//!
//! At the tip each move is synced before it is announced or mined upon. During initial block download (IBD) the store
//! groups blocks, bounded by number, bytes and time. A crash then loses the last group, which is downloaded again.

use toycoin_core::store::ChainStore;

use crate::{limits, machine::Monotonic, protocol::NodeMachine};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Makes the whole chain durable. Returns false if the store fails.
    pub(super) fn make_durable(&mut self) -> bool {
        self.unsynced_since = None;
        if !self.net.halted
            && !self.chain.store().is_synced()
            && let Err(error) = self.chain.sync()
        {
            self.net.halt(&error.to_string());
        }
        !self.net.halted
    }

    /// Syncs a group that has waited long enough.
    pub(super) fn sync_in_time(&mut self) {
        if self.net.halted || self.chain.store().is_synced() {
            self.unsynced_since = None;
            return;
        }
        let now = self.net.now.monotonic;
        if now >= *self.unsynced_since.get_or_insert(now) + limits::GROUP_TIME {
            self.make_durable();
        }
    }

    pub(super) fn sync_timeout(&self) -> Option<Monotonic> {
        self.unsynced_since.map(|since| since + limits::GROUP_TIME)
    }

    /// Returns whether the node is so far behind that syncing each block is not worth its cost.
    pub(super) fn is_far_behind(&self) -> bool {
        let behind = self.chain.headers().best().header.height.saturating_sub(self.chain.height());
        behind > limits::BEHIND && self.net.now.monotonic < self.catching_up_until()
    }

    /// Returns the end of the time in which missing blocks count as on their way. It follows the last block that
    /// arrived, unless the node already knows that nobody sends the next one.
    pub(super) fn catching_up_until(&self) -> Monotonic {
        let withheld = self.bodies.best_withheld_since();
        self.last_block.min(withheld.unwrap_or(self.last_block)) + limits::CATCHING_UP
    }
}

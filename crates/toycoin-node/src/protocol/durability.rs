//! What must outlast a crash, and when: a block before anybody hears of it, a chain that is fetched by and by.
//!
//! At the tip each move is synced before it is told, mined upon or handed out. A node far behind lets the store group
//! what comes, by blocks and bytes, and here by time; a crash then loses the last group, which is fetched again.

use toycoin_core::store::ChainStore;

use crate::{limits, machine::Monotonic, protocol::NodeMachine};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Makes all that the chain holds durable; false when the store fails.
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

    /// Ends a group that has waited long enough.
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

    /// Returns whether so many blocks are on their way that one more or less is not worth a disk's time.
    pub(super) fn is_far_behind(&self) -> bool {
        let behind = self.chain.headers().best().header.height.saturating_sub(self.chain.height());
        behind > limits::BEHIND && self.net.now.monotonic < self.catching_up_until()
    }

    /// Returns until when more headers than blocks mean that blocks are on their way: for a time since the last one came,
    /// and since nobody sends the next one, whatever others come.
    pub(super) fn catching_up_until(&self) -> Monotonic {
        let withheld = self.bodies.best_withheld_since();
        self.last_block.min(withheld.unwrap_or(self.last_block)) + limits::CATCHING_UP
    }
}

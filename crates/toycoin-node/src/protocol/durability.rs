//! What must outlast a crash, and when: a block before anybody hears of it, a chain that is fetched by and by.
//!
//! At the tip each move is synced before it is told, mined upon or handed out. A node far behind lets the store group
//! what comes, by blocks and bytes, and here by time; a crash then loses the last group, which is fetched again.

use toycoin_core::{
    IdentifiedTransaction,
    chain::ChainError,
    store::{ChainStore, WaitingTransaction},
};

use crate::{limits, machine::Monotonic, protocol::NodeMachine};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Keeps what waits for a block for the next start, makes all durable, and ends the node.
    ///
    /// # Errors
    /// When the store fails. One that had failed before is left as it is.
    pub fn finish(mut self) -> Result<(), ChainError<S::Error>> {
        if self.halted {
            return Ok(());
        }
        // parents before children, as they are to be taken up again
        let waiting = self.mempool.select(u64::MAX).into_iter().map(|transaction| {
            let own = self.own_payments.is_own(&transaction.txid());
            WaitingTransaction { transaction: transaction.into_transaction(), own }
        });
        let waiting = waiting.collect();
        self.chain.keep_waiting(waiting)
    }

    /// Takes up what waited for a block when the node ended last, each judged anew.
    pub(super) fn take_up_waiting(&mut self) {
        let waiting = match self.chain.store().waiting() {
            Ok(waiting) => waiting,
            Err(error) => return self.halt(&error.to_string()),
        };
        for WaitingTransaction { transaction, own } in waiting {
            let transaction = IdentifiedTransaction::from(transaction);
            let txid = transaction.txid();
            match self.take_up(transaction, own) {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::debug!(%txid, %error, "a payment that waited is not taken up again"),
                Err(error) => return self.halt(&error.to_string()),
            }
        }
    }

    /// Makes all that the chain holds durable; false when the store fails.
    pub(super) fn make_durable(&mut self) -> bool {
        self.unsynced_since = None;
        if !self.halted
            && !self.chain.store().is_synced()
            && let Err(error) = self.chain.sync()
        {
            self.halt(&error.to_string());
        }
        !self.halted
    }

    /// Ends a group that has waited long enough.
    pub(super) fn sync_in_time(&mut self) {
        if self.halted || self.chain.store().is_synced() {
            self.unsynced_since = None;
            return;
        }
        let now = self.now.monotonic;
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
        behind > limits::BEHIND && self.now.monotonic < self.catching_up_until()
    }

    /// Returns until when more headers than blocks mean that blocks are on their way: for a time since the last one came,
    /// and since nobody sends the next one, whatever others come.
    pub(super) fn catching_up_until(&self) -> Monotonic {
        let withheld = self.bodies.best_withheld_since();
        self.last_block.min(withheld.unwrap_or(self.last_block)) + limits::CATCHING_UP
    }
}

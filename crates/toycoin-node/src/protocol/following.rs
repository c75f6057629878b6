//! Following a move of the tip: events announce its blocks, and the mempool adapts to it.
//!
//! Each step reads a bounded number of bytes, one body after the other. So a deep reorganisation needs neither the
//! memory for all its blocks nor the time for all of them at once:
//!
//! ```text
//!   moved ─▶ gone, the old tip first ─▶ new, the new tip last ─▶ gone once more, the oldest first ─▶ TipChanged
//!            event                      event; the pool drops     the pool gets back what no
//!                                       what they hold            block holds now
//! ```
//!
//! The chain does not move on before its last move has been followed.

use std::sync::Arc;

use toycoin_core::{BlockHash, CheckedBlock, Txid, chain::Moved, store::ChainStore};

use crate::{
    limits,
    mempool::{DropReason, Reorganisation, Reorganised},
    protocol::{Event, NodeMachine},
};

/// A move of the tip, and the progress of following it.
#[derive(Debug)]
pub(super) struct Following {
    moved: Moved,
    pool: Reorganisation,
    told: usize,
    connected: usize,
    returned: usize,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Begins to follow a move of the tip.
    pub(super) fn on_moved(&mut self, moved: Moved) {
        let tip = self.chain.tip();
        tracing::debug!(name: "tip_changed", height = tip.height, hash = %tip.hash);
        self.plan_announcements();
        self.request_bodies();
        let pool = Reorganisation::default();
        self.following = Some(Following { moved, pool, told: 0, connected: 0, returned: 0 });
        self.follow();
    }

    /// Follows the last move one step further, if it is not done.
    pub(super) fn follow(&mut self) {
        let mut bytes = 0;
        while bytes < limits::FOLLOWED_BYTES && !self.net.halted {
            let Some(mut following) = self.following.take() else { return };
            match self.follow_block(&mut following) {
                Ok(Some(more)) => {
                    bytes += more;
                    self.following = Some(following);
                }
                Ok(None) => self.end_move(&following.moved),
                Err(error) => self.net.halt(&error),
            }
        }
    }

    /// Follows one block and returns its bytes; `None` when no block is left.
    fn follow_block(&mut self, following: &mut Following) -> Result<Option<u64>, String> {
        let Following { moved, pool, told, connected, returned } = following;
        let block = if let Some(hash) = moved.disconnected.get(*told) {
            *told += 1;
            let block = self.body(hash)?;
            self.net.emit(Event::BlockDisconnected { block: Arc::clone(&block) });
            // the coinbase of a stale block never enters another block
            let (txid, reason) = (block.coinbase_txid(), DropReason::StaleBlock { block: *hash });
            self.end_waits(&txid, &reason);
            self.drops.insert(txid, false, reason);
            block
        } else if let Some(hash) = moved.connected.get(*connected) {
            *connected += 1;
            let block = self.body(hash)?;
            let own = self.is_own(&block);
            self.forget_sender(hash);
            self.net.emit(Event::BlockConnected { block: Arc::clone(&block), own });
            if !moved.disconnected.is_empty() {
                pool.note_connected(&block);
            }
            let dropped = self.mempool.block_connected(&block);
            self.tell_dropped(dropped);
            block
        } else if let Some(hash) = moved.disconnected.iter().nth_back(*returned) {
            *returned += 1;
            let block = self.body(hash)?;
            let (store, next_height) = (self.chain.store(), self.chain.height() + 1);
            let outcome = self.mempool.block_returned(&block, pool, moved.disconnected.len(), store, next_height);
            self.tell_reorganised(outcome.map_err(|error| error.to_string())?);
            self.repeat_returned(block.ids().iter().map(|(txid, _)| *txid));
            block
        } else {
            return Ok(None);
        };
        Ok(Some(block.block().size()))
    }

    fn end_move(&mut self, moved: &Moved) {
        let left = moved.disconnected.len();
        match self.mempool.settle(left > 0, self.chain.store(), self.chain.height() + 1) {
            Ok(outcome) => self.tell_reorganised(outcome),
            Err(error) => return self.net.halt(&error.to_string()),
        }
        self.own_payments_confirmed();
        let tip = self.chain.tip();
        self.net.emit(Event::TipChanged { tip, disconnected: left });
        self.check_waits();
        if left > 0 {
            self.keep_returned();
        }
    }

    fn tell_reorganised(&mut self, outcome: Reorganised) {
        for (txid, fee) in outcome.readmitted {
            self.drops.remove(&txid);
            self.net.emit(Event::TransactionAccepted { txid, fee });
        }
        self.tell_dropped(outcome.dropped);
        self.offer_orphans(outcome.unblocked);
    }

    fn tell_dropped(&mut self, dropped: Vec<(Txid, DropReason)>) {
        for (txid, reason) in dropped {
            self.on_dropped(txid, reason);
        }
    }

    fn body(&self, hash: &BlockHash) -> Result<Arc<CheckedBlock>, String> {
        let block = self.chain.block(hash).map_err(|error| error.to_string())?;
        block.ok_or_else(|| toycoin_core::chain::ChainError::<S::Error>::Lost(*hash).to_string())
    }
}

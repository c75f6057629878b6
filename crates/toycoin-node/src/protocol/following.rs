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

use std::{fmt::Display, sync::Arc};

use toycoin_core::{
    BlockHash, CheckedBlock,
    chain::{Chain, ChainError, Moved, Tip},
    store::ChainStore,
};

use crate::{
    limits,
    mempool::{Mempool, Reorganisation},
    protocol::{Event, Reorg, net::Net, transactions::TransactionRelay, waiting_blocks::WaitingBlocks},
};

/// A move of the tip, and the progress of following it.
#[derive(Debug)]
pub(super) struct Following {
    moved: Moved,
    reorganisation: Reorganisation,
    told: usize,
    connected: usize,
    returned: usize,
}

impl Following {
    /// Returns a move that was not followed yet.
    pub(super) fn of(moved: Moved) -> Self {
        Self { moved, reorganisation: Reorganisation::default(), told: 0, connected: 0, returned: 0 }
    }

    /// Returns the number of blocks that became stale.
    pub(super) const fn left(&self) -> usize {
        self.moved.disconnected.len()
    }

    /// Returns the sum of a move that was followed to its end; `None` if no block became stale.
    pub(super) fn reorg<S: ChainStore>(&self, chain: &Chain<S>, pool: &Mempool) -> Option<Reorg> {
        let Moved { disconnected, connected } = &self.moved;
        let (old, lowest) = (chain.headers().get(disconnected.first()?)?, chain.headers().get(disconnected.last()?)?);
        let (returned, returned_count) = pool.returned_by(&self.reorganisation, limits::REORG_PAYMENTS);
        Some(Reorg {
            old_tip: Tip { hash: old.hash, height: old.header.height, work: old.work, time: old.header.time },
            ancestor: lowest.header.previous,
            ancestor_height: lowest.header.height.saturating_sub(1),
            disconnected: disconnected.len(),
            connected: connected.len(),
            returned,
            returned_count,
        })
    }

    /// Follows one block and returns its bytes; `None` when no block is left.
    pub(super) fn step<S: ChainStore<Error: Display>>(
        &mut self,
        net: &mut Net,
        chain: &Chain<S>,
        transactions: &mut TransactionRelay,
        waiting: &mut WaitingBlocks,
    ) -> Result<Option<u64>, String> {
        let Self { moved, reorganisation, told, connected, returned } = self;
        let block = if let Some(hash) = moved.disconnected.get(*told) {
            *told += 1;
            let block = body(hash, chain)?;
            net.emit(Event::BlockDisconnected { block: Arc::clone(&block) });
            transactions.block_disconnected(*hash, &block, net);
            block
        } else if let Some(hash) = moved.connected.get(*connected) {
            *connected += 1;
            let block = body(hash, chain)?;
            let own = waiting.is_own(hash);
            // it proved valid
            waiting.take_sender(hash);
            net.emit(Event::BlockConnected { block: Arc::clone(&block), own });
            if !moved.disconnected.is_empty() {
                reorganisation.note_connected(&block);
            }
            transactions.block_connected(&block, net);
            block
        } else if let Some(hash) = moved.disconnected.iter().nth_back(*returned) {
            *returned += 1;
            let block = body(hash, chain)?;
            let depth = moved.disconnected.len();
            let done = transactions.block_returned(&block, reorganisation, depth, net, chain);
            done.map_err(|error| error.to_string())?;
            block
        } else {
            return Ok(None);
        };
        Ok(Some(block.block().size()))
    }
}

fn body<S: ChainStore<Error: Display>>(hash: &BlockHash, chain: &Chain<S>) -> Result<Arc<CheckedBlock>, String> {
    let block = chain.block(hash).map_err(|error| error.to_string())?;
    block.ok_or_else(|| ChainError::<S::Error>::Lost(*hash).to_string())
}

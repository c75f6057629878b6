//! What a move of the tip does to the unconfirmed transactions.

use std::{collections::BTreeSet, fmt::Display, sync::Arc};

use toycoin_core::{Amount, BlockHash, CheckedBlock, Txid, chain::Chain, store::ChainStore};

use super::relay::TransactionRelay;
use crate::{
    mempool::{DropReason, Reorganisation, Reorganised},
    protocol::{Event, TransactionOrigin, net::Net},
};

impl TransactionRelay {
    /// Processes a block that became stale. Its coinbase never enters another block.
    pub(in crate::protocol) fn block_disconnected(&mut self, hash: BlockHash, block: &CheckedBlock, net: &mut Net) {
        let (txid, reason) = (block.coinbase_txid(), DropReason::StaleBlock { block: hash });
        self.waits.end(&txid, &reason, net);
        self.drops.insert(txid, false, reason);
    }

    /// Removes what a connected block holds, and what conflicts with it.
    pub(in crate::protocol) fn block_connected(&mut self, block: &CheckedBlock, net: &mut Net) {
        let dropped = self.pool.block_connected(block);
        self.all_dropped(dropped, net);
    }

    /// Takes back a stale block's transactions that no block holds now.
    pub(in crate::protocol) fn block_returned<S: ChainStore>(
        &mut self,
        block: &CheckedBlock,
        reorganisation: &mut Reorganisation,
        depth: usize,
        net: &mut Net,
        chain: &Chain<S>,
    ) -> Result<(), S::Error> {
        let next_height = chain.height() + 1;
        let outcome = self.pool.block_returned(block, reorganisation, depth, chain.store(), next_height)?;
        self.reorganised(outcome, TransactionOrigin::StaleBlock { block: block.hash() }, net);
        let back: BTreeSet<_> = block.ids().iter().map(|(txid, _)| *txid).filter(|id| self.pool.contains(id)).collect();
        let waits = &self.waits;
        self.own.repeat_returned(&back, |txid| waits.len() > 0 && waits.is_waited_for(txid), net);
        Ok(())
    }

    /// Ends a move: orphans whose parents came are offered again, and own payments that are confirmed rest. `left` says
    /// whether blocks became stale.
    pub(in crate::protocol) fn settle<S: ChainStore>(
        &mut self,
        left: bool,
        net: &mut Net,
        chain: &Chain<S>,
    ) -> Result<(), S::Error> {
        let outcome = self.pool.settle(left, chain.store(), chain.height() + 1)?;
        self.all_dropped(outcome.dropped, net);
        self.offer_orphans(outcome.unblocked, net);
        self.own.settle(&self.pool);
        Ok(())
    }

    /// Answers the requests whose transactions have their confirmations now.
    pub(in crate::protocol) fn check_waits<S: ChainStore<Error: Display>>(&mut self, net: &mut Net, chain: &Chain<S>) {
        self.waits.check(net, chain);
    }

    fn reorganised(&mut self, outcome: Reorganised, origin: TransactionOrigin, net: &mut Net) {
        for (txid, fee) in outcome.readmitted {
            self.drops.remove(&txid);
            self.accepted(txid, fee, origin, net);
        }
        self.all_dropped(outcome.dropped, net);
        self.offer_orphans(outcome.unblocked, net);
    }

    /// Emits that a transaction entered the mempool, if it is still there.
    pub(super) fn accepted(&self, txid: Txid, fee: Amount, origin: TransactionOrigin, net: &mut Net) {
        let Some(transaction) = self.pool.get(&txid) else { return };
        let (size, transaction) = (transaction.size(), Arc::new(transaction.clone()));
        net.emit(Event::TransactionAccepted { txid, fee, size, transaction, origin });
    }

    pub(super) fn all_dropped(&mut self, dropped: Vec<(Txid, DropReason)>, net: &mut Net) {
        for (txid, reason) in dropped {
            self.dropped(txid, reason, net);
        }
    }
}

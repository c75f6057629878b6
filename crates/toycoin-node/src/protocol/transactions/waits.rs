//! The embedder's requests that wait for confirmations.

use std::collections::BTreeMap;

use toycoin_core::{BlockHash, Txid, chain::Chain, store::ChainStore};

use crate::{
    limits,
    mempool::DropReason,
    protocol::{Confirmed, RequestId, Response, WaitError, net::Net},
};

/// Requests that wait until a transaction has its confirmations.
#[derive(Debug, Default)]
pub(super) struct Waits {
    waiting: BTreeMap<RequestId, (Txid, u64)>,
}

impl Waits {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= limits::WAITS
    }

    pub(super) fn is_waited_for(&self, txid: &Txid) -> bool {
        self.waiting.values().any(|(waited, _)| waited == txid)
    }

    pub(super) fn insert(&mut self, id: RequestId, txid: Txid, confirmations: u64) {
        self.waiting.insert(id, (txid, confirmations));
    }

    /// Ends a wait on its embedder's request. Returns false if there is none.
    pub(super) fn cancel(&mut self, id: RequestId, net: &mut Net) -> bool {
        let is_waiting = self.waiting.remove(&id).is_some();
        if is_waiting {
            net.reply(id, Response::NotConfirmed(WaitError::Cancelled));
        }
        is_waiting
    }

    /// Answers the requests whose transactions have their confirmations.
    pub(super) fn check<S: ChainStore>(&mut self, net: &mut Net, chain: &Chain<S>) {
        let mut ended = Vec::new();
        for (id, (txid, wanted)) in &self.waiting {
            let Ok(found) = chain.find_transaction(txid) else { continue };
            let found = found.and_then(|(block, _)| confirmed(block, *wanted, chain));
            ended.extend(found.map(|confirmed| (*id, confirmed)));
        }
        for (id, confirmed) in ended {
            self.waiting.remove(&id);
            net.reply(id, Response::Confirmed(confirmed));
        }
    }

    /// Ends the waits for a transaction that was dropped.
    pub(super) fn end(&mut self, txid: &Txid, reason: &DropReason, net: &mut Net) {
        for (id, _) in self.waiting.extract_if(.., |_, (waited, _)| waited == txid) {
            net.reply(id, Response::NotConfirmed(WaitError::Dropped(reason.clone())));
        }
    }
}

/// Returns the confirmations of a transaction in a block of the active chain, if there are at least `wanted`.
pub(super) fn confirmed<S: ChainStore>(block: BlockHash, wanted: u64, chain: &Chain<S>) -> Option<Confirmed> {
    let confirmations = chain.confirmations(&block).filter(|have| *have >= wanted)?;
    Some(Confirmed { block, height: chain.height() + 1 - confirmations, confirmations })
}

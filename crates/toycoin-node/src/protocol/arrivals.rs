//! Transactions of peers that wait to be judged together.
//!
//! Signatures are verified several times faster together than one by one, so what came waits for a moment: until nothing
//! else is to be done (a waiting transaction is an immediate timeout), or until there is a batch of it. Whoever asks for
//! something finds all judged that came before.

use std::collections::VecDeque;

use toycoin_core::{IdentifiedTransaction, Transaction, store::ChainStore};

use crate::{
    limits,
    protocol::{NodeMachine, peers::PeerKey},
};

/// Transactions that came and were not judged yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    queue: VecDeque<(PeerKey, IdentifiedTransaction)>,
    signatures: usize,
}

impl Arrivals {
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn push(&mut self, peer: PeerKey, transaction: IdentifiedTransaction) {
        self.signatures += transaction.signatures.len();
        self.queue.push_back((peer, transaction));
    }

    fn is_full(&self) -> bool {
        self.queue.len() >= limits::ADMISSION_TRANSACTIONS || self.signatures >= limits::ADMISSION_SIGNATURES
    }

    fn take(&mut self) -> VecDeque<(PeerKey, IdentifiedTransaction)> {
        self.signatures = 0;
        std::mem::take(&mut self.queue)
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Takes a transaction from a peer.
    pub(super) fn on_transaction(&mut self, peer: PeerKey, transaction: Transaction) {
        self.arrivals.push(peer, transaction.into());
        if self.arrivals.is_full() {
            self.admit_arrivals();
        }
    }

    /// Judges all that waits, as one batch.
    pub(super) fn admit_arrivals(&mut self) {
        let mut arrivals = self.arrivals.take();
        let now = self.now.monotonic;
        // what a peer sent before it was muted is not looked at either
        arrivals.retain(|(peer, _)| !self.peers.is_muted(peer, now));
        if arrivals.is_empty() {
            return;
        }
        let verifier = self.chain.shared_verifier();
        let transactions = arrivals.iter().map(|(_, transaction)| transaction);
        let next_height = self.chain.height() + 1;
        let ahead = self.mempool.verify_ahead(transactions, self.chain.store(), next_height, verifier.as_ref());
        let ahead = match ahead {
            Ok(ahead) => ahead,
            Err(error) => return self.halt(&error.to_string()),
        };
        for (peer, transaction) in arrivals {
            if !self.halted && !self.peers.is_muted(&peer, now) {
                self.judge_arrival(peer, transaction, &ahead);
            }
        }
    }
}

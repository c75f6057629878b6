//! Own payments, which are told until a block holds them.

use std::collections::BTreeMap;

use toycoin_core::{Block, Transaction, Txid};
use toycoin_wire::{NodeMessage, machine::Monotonic};

use super::net::Net;
use crate::limits;

/// The payments that are not deep in the chain yet.
#[derive(Debug, Default)]
pub(super) struct Payments {
    payments: BTreeMap<Txid, Told>,
}

/// A payment that was told.
#[derive(Debug)]
struct Told {
    transaction: Transaction,
    /// When it is told next, while no block holds it.
    next: Monotonic,
    /// The height of the block that holds it.
    height: Option<u64>,
}

impl Payments {
    /// Tells a payment on each connection, and remembers it. If there are too many, it is told once.
    pub(super) fn pay(&mut self, net: &mut Net, transaction: Transaction) {
        let message = NodeMessage::Transaction(transaction.clone());
        for connection in net.connections.clone() {
            net.tell(connection, &message);
        }
        if self.payments.len() < limits::PAYMENTS {
            let next = net.now.monotonic + limits::REPEAT;
            self.payments.insert(transaction.txid(), Told { transaction, next, height: None });
        }
    }

    pub(super) fn forget(&mut self, txid: &Txid) {
        self.payments.remove(txid);
    }

    /// Notes which payments a block holds.
    pub(super) fn confirm(&mut self, block: &Block) {
        for transaction in &block.transactions {
            if let Some(told) = self.payments.get_mut(&transaction.txid()) {
                told.height = Some(block.header.height);
            }
        }
    }

    /// Notes that blocks above a height are undone: their payments wait again.
    pub(super) fn rewind(&mut self, height: u64) {
        for told in self.payments.values_mut() {
            told.height = told.height.filter(|at| *at <= height);
        }
    }

    /// Tells payments again: to some servers, each by itself, since gossip drops what it saw lately. Those that are
    /// deep below the tip are forgotten.
    ///
    /// The servers are drawn anew each time. A name costs nothing on a relay, so the lowest ones may all be one liar's.
    pub(super) fn act(&mut self, net: &mut Net, tip: u64) {
        let now = net.now.monotonic;
        self.payments.retain(|_, told| told.height.is_none_or(|at| tip.saturating_sub(at) < limits::PAYMENT_DEPTH));
        for told in self.payments.values_mut().filter(|told| told.height.is_none() && told.next <= now) {
            told.next = now + limits::REPEAT;
            let message = NodeMessage::Transaction(told.transaction.clone());
            for server in net.draw_servers(limits::REPEAT_SERVERS) {
                net.say(server, &message);
            }
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.payments.values().filter(|told| told.height.is_none()).map(|told| told.next).min()
    }
}

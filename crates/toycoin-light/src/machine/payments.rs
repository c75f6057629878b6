//! Own payments, which are told until a block holds them.

use std::collections::BTreeMap;

use toycoin_core::{Block, Transaction, Txid};
use toycoin_wire::{NodeMessage, machine::Monotonic};

use super::net::Net;
use crate::limits;

/// The payments that no block holds yet, each with the time at which it is told next.
#[derive(Debug, Default)]
pub(super) struct Payments {
    waiting: BTreeMap<Txid, (Monotonic, Transaction)>,
}

impl Payments {
    /// Tells a payment on each connection, and remembers it.
    pub(super) fn pay(&mut self, net: &mut Net, transaction: Transaction) {
        let message = NodeMessage::Transaction(transaction.clone());
        for connection in net.connections.clone() {
            net.tell(connection, &message);
        }
        if self.waiting.len() < limits::PAYMENTS {
            self.waiting.insert(transaction.txid(), (net.now.monotonic + limits::REPEAT, transaction));
        }
    }

    pub(super) fn forget(&mut self, txid: &Txid) {
        self.waiting.remove(txid);
    }

    /// Forgets what a block holds.
    pub(super) fn confirm(&mut self, block: &Block) {
        for transaction in &block.transactions {
            self.waiting.remove(&transaction.txid());
        }
    }

    /// Tells payments again: to some servers, each by itself, since gossip drops what it saw lately.
    pub(super) fn act(&mut self, net: &mut Net) {
        let now = net.now.monotonic;
        for (at, transaction) in self.waiting.values_mut().filter(|(at, _)| *at <= now) {
            *at = now + limits::REPEAT;
            let message = NodeMessage::Transaction(transaction.clone());
            let servers: Vec<_> = net.servers.iter().map(|(server, _)| *server).take(limits::REPEAT_SERVERS).collect();
            for server in servers {
                net.say(server, &message);
            }
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.waiting.values().map(|(at, _)| *at).min()
    }
}

//! The reports of nodes: their events become facts, in the order in which a reader of the state needs them.

use std::sync::Arc;

use toycoin_core::{Amount, BlockHash, ChainParams, CheckedBlock, Transaction, Txid, Work, chain::Tip};
use toycoin_node::protocol::Event;

use super::{
    blocks::Blocks,
    mempools::{Mempools, departure},
    messages::MessageKey,
    messenger::Messenger,
    moves::Move,
};
use crate::{
    event::{Departure, Fact, Fate, bounded_text},
    hub::Hub,
};

/// Tells the hub what nodes and messages do.
#[derive(Debug)]
pub(crate) struct Reporter {
    hub: Arc<Hub>,
    params: ChainParams,
    blocks: Blocks,
    mempools: Mempools,
    messenger: Messenger,
    moves: Vec<Move>,
}

impl Reporter {
    pub(crate) fn new(hub: Arc<Hub>, params: ChainParams) -> Self {
        let (blocks, mempools, moves) = Default::default();
        let messenger = Messenger::new(Arc::clone(&hub));
        Self { hub, params, blocks, mempools, messenger, moves }
    }

    /// Tells a fact as it is.
    pub(crate) fn tell(&self, us: u64, fact: Fact) {
        self.hub.tell(us, fact);
    }

    /// Notes the work of a chain up to a block that is not told.
    pub(crate) fn remember(&mut self, hash: BlockHash, work: Work) {
        self.blocks.remember(hash, work);
    }

    /// Returns whether a block was told.
    pub(crate) fn knows(&self, hash: &BlockHash) -> bool {
        self.blocks.is_told(hash)
    }

    /// Tells a block, unless it was told before.
    pub(crate) fn block(&mut self, us: u64, block: &CheckedBlock) {
        if let Some(block) = self.blocks.tell(block, &self.params) {
            self.tell(us, Fact::Block(block));
        }
    }

    /// Tells an event of a node. Blocks on side branches are told by [`block`](Self::block), since their event does not
    /// hold them.
    pub(crate) fn event(&mut self, us: u64, node: usize, event: &Event) {
        match event {
            Event::BlockMined { hash, .. } => self.blocks.found(*hash, node),
            Event::BlockConnected { block, own } => self.connected(us, node, block, *own),
            Event::BlockDisconnected { block } => self.move_of(node).left(block.hash()),
            Event::TipChanged { tip, .. } => self.moved(us, node, tip),
            Event::TransactionAccepted { txid, fee, size, transaction, .. } => {
                self.entered(us, node, *txid, *fee, *size, transaction);
            }
            Event::TransactionDropped { txid, reason } if self.mempools.leave(node, txid) => {
                let (why, by) = departure(reason);
                self.tell(us, Fact::Gone { node, txid: txid.to_string(), why, by });
            }
            Event::BlockRejected { hash, rule, reason } => {
                let (what, hash, reason) = ("block".to_owned(), hash.to_string(), bounded_text(reason.clone()));
                self.tell(us, Fact::Rejected { node, what, hash, rule: *rule as u16, reason });
            }
            Event::PeerMuted { .. } => self.hub.counters().peer_muted(),
            Event::HashRate { per_second } => {
                self.tell(us, Fact::Rate { node, hashes_per_second: *per_second });
            }
            _ => {}
        }
    }

    /// Tells that a payment is in a node's mempool, unless that was told before.
    pub(crate) fn entered(&mut self, us: u64, node: usize, txid: Txid, fee: Amount, size: u64, tx: &Transaction) {
        if let Some(payment) = self.mempools.enter(node, txid, fee.grains(), size, tx) {
            self.tell(us, Fact::Tx { node, payment });
        }
    }

    /// Tells a node's tip, with the blocks that left and entered its chain since it was told last.
    pub(crate) fn moved(&mut self, us: u64, node: usize, tip: &Tip) {
        let ended = std::mem::take(self.move_of(node)).end(node, tip);
        self.tell(us, Fact::Tip(ended));
    }

    /// Tells that a node went down or came up again, which empties its mempool.
    pub(crate) fn restarted(&mut self, us: u64, node: usize) {
        std::mem::take(self.move_of(node));
        self.messenger.went_down(us, node);
        for txid in self.mempools.clear(node) {
            self.tell(us, Fact::Gone { node, txid: txid.to_string(), why: Departure::Restart, by: None });
        }
    }

    /// Notes which node found a block that will be told.
    pub(crate) fn found(&mut self, hash: BlockHash, node: usize) {
        self.blocks.found(hash, node);
    }

    /// Tells a message that a node sent.
    pub(crate) fn sent(&mut self, us: u64, from: usize, to: Vec<usize>, key: MessageKey) {
        self.messenger.sent(us, from, to, key);
    }

    /// Tells what became of a message at one of its recipients.
    pub(crate) fn arrived(&mut self, us: u64, from: usize, to: usize, key: MessageKey, fate: Fate) {
        self.messenger.arrived(us, from, to, key, fate);
    }

    /// Tells which messages are lost by now.
    pub(crate) fn time_passed(&mut self, us: u64) {
        self.messenger.time_passed(us);
    }

    fn connected(&mut self, us: u64, node: usize, block: &CheckedBlock, own: bool) {
        if own {
            self.blocks.found(block.hash(), node);
        }
        self.block(us, block);
        self.move_of(node).joined(block.hash(), own);
        for (txid, _) in block.transactions() {
            if self.mempools.leave(node, &txid) {
                let (txid, by) = (txid.to_string(), Some(block.hash().to_string()));
                self.tell(us, Fact::Gone { node, txid, why: Departure::Confirmed, by });
            }
        }
    }

    fn move_of(&mut self, node: usize) -> &mut Move {
        if self.moves.len() <= node {
            self.moves.resize_with(node + 1, Move::default);
        }
        &mut self.moves[node]
    }
}

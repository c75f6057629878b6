//! The blocks that a listener rebuilds from their compact forms and the payments that it heard before.
//!
//! A listener has no chain, so it judges no block. It looks at the proof of work that a header claims, and at the Merkle
//! root. What it lacks it asks of the sender: `GBTX` first, then `GBLK`.
//!
//! It does not know its network's easiest target, so a stranger chooses how much that proof of work costs. A token bucket
//! bounds the short ids that are computed for all compact blocks together. A block that finds it empty is asked for whole.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::{
    Block, BlockHash, ChainParams, IdentifiedTransaction, Wtxid,
    compact::{CompactBlock, Rebuild},
};
use toycoin_wire::{
    NodeId,
    node::{BlockTransactions, GetBlockTransactions, NodeMessage, Payload},
};

use crate::{limits, machine::Monotonic, protocol::budget::TokenBucket};

/// Payments that were heard, and blocks that wait for more of them.
#[derive(Debug)]
pub(super) struct Rebuilding {
    payments: VecDeque<IdentifiedTransaction>,
    /// The ids of these payments.
    known: BTreeSet<Wtxid>,
    bytes: u64,
    /// The short ids that may be computed.
    looks: TokenBucket,
    waiting: VecDeque<Waiting>,
    /// Blocks that were rebuilt or came whole, the latest last.
    seen: VecDeque<BlockHash>,
}

/// A block that waits for an answer of its sender.
#[derive(Debug)]
struct Waiting {
    hash: BlockHash,
    sender: NodeId,
    /// The block so far; `None` if all of it was asked for.
    rebuild: Option<Rebuild>,
    until: Monotonic,
}

/// What follows from a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Whether the message answers a question of this listener.
    pub(super) is_answer: bool,
    /// A block that is complete now, and who published it.
    pub(super) block: Option<(NodeId, Block)>,
    /// A question, and who is asked.
    pub(super) question: Option<(NodeId, NodeMessage)>,
}

impl Rebuilding {
    pub(super) const fn new(now: Monotonic) -> Self {
        Self {
            payments: VecDeque::new(),
            known: BTreeSet::new(),
            bytes: 0,
            looks: TokenBucket::new(limits::COMPACT_LOOKS, limits::COMPACT_LOOKS_PER_SECOND, now),
            waiting: VecDeque::new(),
            seen: VecDeque::new(),
        }
    }

    /// Processes a payload that somebody published or sent.
    pub(super) fn hear(&mut self, from: NodeId, payload: &[u8], now: Monotonic) -> Outcome {
        let Ok(Payload::Message(message)) = NodeMessage::decode(payload) else { return Outcome::default() };
        match message {
            NodeMessage::Transaction(payment) => {
                self.remember(payment.into());
                Outcome::default()
            }
            NodeMessage::CompactBlock(compact) => self.on_compact_block(from, compact, now),
            NodeMessage::BlockTransactions(answer) => self.on_payments(from, answer, now),
            NodeMessage::Block(block) => self.on_block(from, block),
            NodeMessage::NotFound(hashes) => self.on_not_found(from, &hashes, now),
            _ => Outcome::default(),
        }
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) must be called.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.waiting.iter().map(|waiting| waiting.until).min()
    }

    /// Turns to the next question for each block whose answer is late, or gives the block up. Returns the questions.
    pub(super) fn handle_timeout(&mut self, now: Monotonic) -> Vec<(NodeId, NodeMessage)> {
        let (late, open) = std::mem::take(&mut self.waiting).into_iter().partition(|waiting| waiting.until <= now);
        self.waiting = open;
        let late: VecDeque<Waiting> = late;
        late.into_iter().filter_map(|late| self.ask_for_whole(late, now)).collect()
    }

    /// Forgets the questions, since their connection is lost.
    pub(super) fn disconnected(&mut self) {
        self.waiting.clear();
    }

    fn remember(&mut self, payment: IdentifiedTransaction) {
        if !self.known.insert(payment.wtxid()) {
            return;
        }
        self.bytes += payment.size();
        self.payments.push_back(payment);
        while self.payments.len() > limits::LISTENER_PAYMENTS || self.bytes > limits::LISTENER_PAYMENT_BYTES {
            let Some(oldest) = self.payments.pop_front() else { return };
            self.known.remove(&oldest.wtxid());
            self.bytes -= oldest.size();
        }
    }

    fn on_compact_block(&mut self, from: NodeId, compact: CompactBlock, now: Monotonic) -> Outcome {
        let hash = compact.hash();
        let has_work = compact.header.bits.to_target().is_ok_and(|target| target.is_met_by(&hash));
        let is_known = self.seen.contains(&hash) || self.waiting.iter().any(|waiting| waiting.hash == hash);
        if !has_work || is_known || compact.least_size() > ChainParams::MAX_BLOCK_SIZE_LIMIT {
            return Outcome::default();
        }
        let whole = Waiting { hash, sender: from, rebuild: None, until: now };
        let Ok(mut rebuild) = Rebuild::begin(compact) else { return self.ask(whole, now) };
        if rebuild.count_missing() == 0 {
            return self.finish(whole, rebuild, now);
        }
        if !self.looks.take(self.payments.len() as u64, now) {
            return self.ask(whole, now);
        }
        match rebuild.know(&self.payments) {
            Ok(()) if rebuild.count_missing() == 0 => self.finish(whole, rebuild, now),
            Ok(()) if rebuild.count_missing() <= limits::COMPACT_MISSING => {
                self.ask(Waiting { rebuild: Some(rebuild), ..whole }, now)
            }
            _ => self.ask(whole, now),
        }
    }

    fn on_payments(&mut self, from: NodeId, answer: BlockTransactions, now: Monotonic) -> Outcome {
        let BlockTransactions { block, transactions } = answer;
        let is_asked = |waiting: &Waiting| waiting.hash == block && waiting.sender == from && waiting.rebuild.is_some();
        let Some(mut waiting) = self.take(is_asked) else { return Outcome::default() };
        let Some(mut rebuild) = waiting.rebuild.take() else { return Outcome::default() };
        let outcome = match rebuild.fill(transactions) {
            Ok(()) => self.finish(waiting, rebuild, now),
            // its sender does not tell the truth, so it is not asked again
            Err(_) => Outcome::default(),
        };
        Outcome { is_answer: true, ..outcome }
    }

    fn on_block(&mut self, from: NodeId, block: Block) -> Outcome {
        let hash = block.hash();
        let is_asked = |waiting: &Waiting| waiting.hash == hash && waiting.sender == from && waiting.rebuild.is_none();
        if block.merkle_root() != block.header.merkle_root {
            // anybody may publish it, so it ends no more than a question to its own sender
            return Outcome { is_answer: self.take(is_asked).is_some(), ..Outcome::default() };
        }
        let is_answer = self.take(is_asked).is_some();
        // who heard the block needs no answer of others any more
        self.waiting.retain(|waiting| waiting.hash != hash);
        self.saw(hash);
        Outcome { is_answer, block: is_answer.then_some((from, block)), question: None }
    }

    fn on_not_found(&mut self, from: NodeId, hashes: &[[u8; 32]], now: Monotonic) -> Outcome {
        let is_named = |waiting: &Waiting| waiting.sender == from && hashes.contains(&waiting.hash.to_bytes());
        let Some(waiting) = self.take(is_named) else { return Outcome::default() };
        Outcome { is_answer: true, block: None, question: self.ask_for_whole(waiting, now) }
    }

    /// Completes a block, or asks for all of it if other payments were meant.
    fn finish(&mut self, waiting: Waiting, rebuild: Rebuild, now: Monotonic) -> Outcome {
        match rebuild.finish() {
            Ok(block) => {
                self.saw(waiting.hash);
                Outcome { block: Some((waiting.sender, block.into_block())), ..Outcome::default() }
            }
            Err(_) => self.ask(Waiting { rebuild: None, ..waiting }, now),
        }
    }

    fn ask_for_whole(&mut self, waiting: Waiting, now: Monotonic) -> Option<(NodeId, NodeMessage)> {
        waiting.rebuild.as_ref()?;
        self.ask(Waiting { rebuild: None, ..waiting }, now).question
    }

    /// Asks for the missing payments of a block, or for all of it.
    fn ask(&mut self, waiting: Waiting, now: Monotonic) -> Outcome {
        let Waiting { hash, sender, .. } = waiting;
        let message = match &waiting.rebuild {
            Some(rebuild) => {
                NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash, places: rebuild.missing() })
            }
            None => NodeMessage::GetBlocks(vec![hash]),
        };
        self.waiting.push_back(Waiting { until: now + limits::LISTENER_PATIENCE, ..waiting });
        if self.waiting.len() > limits::COMPACT_BLOCKS {
            self.waiting.pop_front();
        }
        Outcome { question: Some((sender, message)), ..Outcome::default() }
    }

    fn take(&mut self, which: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let place = self.waiting.iter().position(which)?;
        self.waiting.remove(place)
    }

    fn saw(&mut self, hash: BlockHash) {
        self.seen.push_back(hash);
        if self.seen.len() > limits::SEEN_BLOCKS {
            self.seen.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;

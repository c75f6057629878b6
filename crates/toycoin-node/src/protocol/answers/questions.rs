//! Peers' questions on a connection that are not answered yet.
//!
//! ```text
//!   GHDR GBLK GTXN ─▶ waiting, by peer ── whose turn is it? ─▶ looked up ─▶ charged ─▶ read and sent
//!                        │ bounded              least recent use plus this answer's cost
//!                        └─ too old, too many: dropped, counted
//! ```
//!
//! The peers of a connection share its budget. The next peer is the one with the least sum of recent use and the cost
//! of its next answer. So a small answer goes before a large one, and a newcomer before a peer that had many answers.
//! Peers that keep asking take turns. A program that returns under new ids gains one turn with each connection to the
//! relay, and nothing more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toycoin_core::{BlockHash, Txid};
use toycoin_wire::{NodeId, node::GetHeaders};

use crate::{limits, machine::Monotonic};

/// A message that asks for something.
#[derive(Debug)]
pub(in crate::protocol) enum Question<'a> {
    Headers(&'a GetHeaders),
    Blocks(&'a [BlockHash]),
    Transactions(&'a [Txid]),
}

/// The next item that a peer waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Headers(GetHeaders),
    Block(BlockHash),
    Transaction(Txid),
    /// The list of items that this node does not have, after all other items were answered.
    Missing,
}

/// The way to give an answer, after it was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Its cost in tokens of the connection's budget.
    pub(super) tokens: u64,
    /// Most bytes that will be sent.
    pub(super) length: u64,
    pub(super) source: Source,
}

/// The source of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Data that is always in memory: headers, the mempool.
    Memory,
    /// A block, or the transaction at an index in it. Index 0 stands for the whole block.
    Body { hash: BlockHash, place: u32, is_kept: bool },
}

/// All questions that wait on a connection.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Questions {
    asked: BTreeMap<NodeId, Asked>,
    turns: u64,
}

/// The items that one peer waits for: headers first, then blocks, then transactions.
#[derive(Debug, Default)]
struct Asked {
    headers: Option<(Monotonic, GetHeaders)>,
    blocks: VecDeque<(Monotonic, BlockHash)>,
    transactions: VecDeque<(Monotonic, Txid)>,
    missing: Vec<[u8; 32]>,
    /// The plan for the first item.
    plan: Option<Plan>,
    /// Turn of the peer's arrival or last answer.
    turn: u64,
}

impl Questions {
    pub(in crate::protocol) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Returns the number of waiting peers.
    #[cfg(feature = "test-util")]
    pub(in crate::protocol) fn peers(&self) -> usize {
        self.asked.len()
    }

    /// Returns the number of answers that the peers wait for.
    pub(in crate::protocol) fn len(&self) -> usize {
        self.asked.values().map(Asked::len).sum()
    }

    /// Adds a question, and returns the number of answers that will not be given. These are a peer's older request for
    /// headers, items beyond a peer's bound, and all items of the peer with the last turn when too many peers wait.
    /// `recent_use` returns a peer's recent use in tokens.
    pub(super) fn ask(
        &mut self,
        peer: NodeId,
        question: &Question<'_>,
        now: Monotonic,
        recent_use: impl Fn(&NodeId) -> u64,
    ) -> usize {
        let turn = self.next_turn();
        let asked = self.asked.entry(peer).or_insert_with(|| Asked { turn, ..Asked::default() });
        let mut dropped = match question {
            Question::Headers(request) => {
                asked.plan = None;
                usize::from(asked.headers.replace((now, (*request).clone())).is_some())
            }
            Question::Blocks(hashes) => wait_for(&mut asked.blocks, hashes, limits::QUESTION_BLOCKS, now),
            Question::Transactions(ids) => wait_for(&mut asked.transactions, ids, limits::QUESTION_TRANSACTIONS, now),
        };
        if asked.item().is_none() {
            self.asked.remove(&peer);
        }
        if self.asked.len() > limits::QUESTION_PEERS
            && let Some((_, last)) = self.ranks(&recent_use).max()
        {
            dropped += self.asked.remove(&last).map_or(0, |asked| asked.len());
        }
        dropped
    }

    /// Returns the peer whose turn it is.
    pub(super) fn next(&self, recent_use: impl Fn(&NodeId) -> u64) -> Option<NodeId> {
        self.ranks(&recent_use).min().map(|(_, peer)| peer)
    }

    /// Returns the next item that a peer waits for, and its plan if it was looked up.
    pub(super) fn item(&self, peer: &NodeId) -> Option<(Item, Option<Plan>)> {
        let asked = self.asked.get(peer)?;
        Some((asked.item()?, asked.plan))
    }

    /// Sets the plan for a peer's next answer; `None` means that it must be looked up again.
    pub(super) fn plan(&mut self, peer: &NodeId, plan: Option<Plan>) {
        if let Some(asked) = self.asked.get_mut(peer) {
            asked.plan = plan;
        }
    }

    /// Removes a peer's next item, which was answered. `missing` is its hash if this node does not have it.
    pub(super) fn answered(&mut self, peer: &NodeId, missing: Option<[u8; 32]>) {
        let turn = self.next_turn();
        let Some(asked) = self.asked.get_mut(peer) else { return };
        match asked.item() {
            Some(Item::Headers(_)) => asked.headers = None,
            Some(Item::Block(_)) => drop(asked.blocks.pop_front()),
            Some(Item::Transaction(_)) => drop(asked.transactions.pop_front()),
            Some(Item::Missing) => asked.missing.clear(),
            None => {}
        }
        (asked.plan, asked.turn) = (None, turn);
        asked.missing.extend(missing);
        if asked.item().is_none() {
            self.asked.remove(peer);
        }
    }

    /// Returns the requested items that this node does not have.
    pub(super) fn missing(&self, peer: &NodeId) -> Vec<[u8; 32]> {
        self.asked.get(peer).map(|asked| asked.missing.clone()).unwrap_or_default()
    }

    /// Drops items that waited so long that the peer has asked others by now. Returns their number.
    pub(super) fn expire(&mut self, now: Monotonic) -> usize {
        let before = self.len();
        let is_old = |at: Monotonic| now >= at + limits::QUESTION_PATIENCE;
        self.asked.retain(|_, asked| {
            let first = asked.item();
            asked.headers.take_if(|(at, _)| is_old(*at));
            while asked.blocks.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
            while asked.transactions.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
            let next = asked.item();
            if next != first {
                asked.plan = None;
            }
            next.is_some()
        });
        before - self.len()
    }

    /// Removes a peer that is gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&NodeId) -> bool) {
        self.asked.retain(|peer, _| !gone(peer));
    }

    /// Returns each peer's rank; the lowest comes first.
    fn ranks(&self, recent_use: &impl Fn(&NodeId) -> u64) -> impl Iterator<Item = ((u64, u64), NodeId)> {
        self.asked.iter().map(|(peer, asked)| {
            let tokens = asked.plan.map_or(limits::LOOKUP_TOKENS, |plan| plan.tokens);
            ((recent_use(peer).saturating_add(tokens), asked.turn), *peer)
        })
    }

    const fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

impl Asked {
    fn item(&self) -> Option<Item> {
        if let Some((_, request)) = &self.headers {
            return Some(Item::Headers(request.clone()));
        }
        if self.missing.len() >= limits::TXIDS_A_MESSAGE {
            return Some(Item::Missing);
        }
        if let Some((_, hash)) = self.blocks.front() {
            return Some(Item::Block(*hash));
        }
        if let Some((_, txid)) = self.transactions.front() {
            return Some(Item::Transaction(*txid));
        }
        (!self.missing.is_empty()).then_some(Item::Missing)
    }

    fn len(&self) -> usize {
        usize::from(self.headers.is_some()) + self.blocks.len() + self.transactions.len()
    }
}

/// Appends new items to a list, up to `most`, and returns the number of items without room.
fn wait_for<T: Copy + Ord>(waiting: &mut VecDeque<(Monotonic, T)>, wanted: &[T], most: usize, now: Monotonic) -> usize {
    let mut known: BTreeSet<_> = waiting.iter().map(|(_, item)| *item).collect();
    let new: Vec<_> = wanted.iter().copied().filter(|item| known.insert(*item)).collect();
    let room = most.saturating_sub(waiting.len()).min(new.len());
    waiting.extend(new.iter().take(room).map(|item| (now, *item)));
    new.len() - room
}

#[cfg(test)]
mod tests;

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

use crate::{limits, machine::Monotonic, protocol::QuestionId};

/// Who waits for answers: a peer, and on a mesh one of its questions, whose answers go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::protocol) struct Asker {
    pub(in crate::protocol) peer: NodeId,
    pub(in crate::protocol) question: Option<QuestionId>,
}

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
    asked: BTreeMap<Asker, Asked>,
    turns: u64,
    /// Questions of mesh peers that get no further answer, until that is said.
    ended: Vec<QuestionId>,
}

/// The items that one asker waits for: headers first, then blocks, then transactions.
#[derive(Debug, Default)]
struct Asked {
    headers: Option<(Monotonic, GetHeaders)>,
    blocks: VecDeque<(Monotonic, BlockHash)>,
    transactions: VecDeque<(Monotonic, Txid)>,
    missing: Vec<[u8; 32]>,
    /// The plan for the first item.
    plan: Option<Plan>,
    /// Turn of the asker's arrival or last answer.
    turn: u64,
    /// Bytes that were given so far.
    given: u64,
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

    /// Adds a question, and returns the number of answers that will not be given. These are an asker's older request for
    /// headers, items beyond an asker's bound, and all items of the asker with the last turn when too many wait.
    /// `recent_use` returns a peer's recent use in tokens.
    pub(super) fn ask(
        &mut self,
        asker: Asker,
        question: &Question<'_>,
        now: Monotonic,
        recent_use: impl Fn(&NodeId) -> u64,
    ) -> usize {
        let turn = self.next_turn();
        let asked = self.asked.entry(asker).or_insert_with(|| Asked { turn, ..Asked::default() });
        let mut dropped = match question {
            Question::Headers(request) => {
                asked.plan = None;
                usize::from(asked.headers.replace((now, (*request).clone())).is_some())
            }
            Question::Blocks(hashes) => wait_for(&mut asked.blocks, hashes, limits::QUESTION_BLOCKS, now),
            Question::Transactions(ids) => wait_for(&mut asked.transactions, ids, limits::QUESTION_TRANSACTIONS, now),
        };
        if asked.item().is_none() {
            self.remove(&asker);
        }
        if self.asked.len() > limits::QUESTION_PEERS
            && let Some((_, last)) = self.ranks(&recent_use).max()
        {
            dropped += self.remove(&last).map_or(0, |asked| asked.len());
        }
        dropped
    }

    /// Returns the asker whose turn it is.
    pub(super) fn next(&self, recent_use: impl Fn(&NodeId) -> u64) -> Option<Asker> {
        self.ranks(&recent_use).min().map(|(_, asker)| asker)
    }

    /// Returns the next item that an asker waits for, and its plan if it was looked up.
    pub(super) fn item(&self, asker: &Asker) -> Option<(Item, Option<Plan>)> {
        let asked = self.asked.get(asker)?;
        Some((asked.item()?, asked.plan))
    }

    /// Sets the plan for an asker's next answer; `None` means that it must be looked up again.
    pub(super) fn plan(&mut self, asker: &Asker, plan: Option<Plan>) {
        if let Some(asked) = self.asked.get_mut(asker) {
            asked.plan = plan;
        }
    }

    /// Returns whether an answer of so many bytes is left out, because all answers to its question would be too long.
    pub(super) fn is_left_out(&self, asker: &Asker, length: u64) -> bool {
        let given = self.asked.get(asker).map_or(0, |asked| asked.given);
        asker.question.is_some() && given > 0 && given + length > limits::ANSWER_BYTES
    }

    /// Removes an asker's next item, which was answered with so many bytes. `missing` is its hash if this node does not
    /// have it.
    pub(super) fn answered(&mut self, asker: &Asker, bytes: u64, missing: Option<[u8; 32]>) {
        let turn = self.next_turn();
        let Some(asked) = self.asked.get_mut(asker) else { return };
        match asked.item() {
            Some(Item::Headers(_)) => asked.headers = None,
            Some(Item::Block(_)) => drop(asked.blocks.pop_front()),
            Some(Item::Transaction(_)) => drop(asked.transactions.pop_front()),
            Some(Item::Missing) => asked.missing.clear(),
            None => {}
        }
        (asked.plan, asked.turn) = (None, turn);
        asked.given += bytes;
        asked.missing.extend(missing);
        if asked.item().is_none() {
            self.remove(asker);
        }
    }

    /// Returns the requested items that this node does not have.
    pub(super) fn missing(&self, asker: &Asker) -> Vec<[u8; 32]> {
        self.asked.get(asker).map(|asked| asked.missing.clone()).unwrap_or_default()
    }

    /// Drops items that waited so long that the peer has asked others by now. Returns their number.
    pub(super) fn expire(&mut self, now: Monotonic) -> usize {
        let before = self.len();
        let is_old = |at: Monotonic| now >= at + limits::QUESTION_PATIENCE;
        let ended = &mut self.ended;
        self.asked.retain(|asker, asked| {
            let first = asked.item();
            asked.headers.take_if(|(at, _)| is_old(*at));
            while asked.blocks.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
            while asked.transactions.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
            let next = asked.item();
            if next != first {
                asked.plan = None;
            }
            if next.is_none() {
                ended.extend(asker.question);
            }
            next.is_some()
        });
        before - self.len()
    }

    /// Removes a peer that is gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&NodeId) -> bool) {
        let gone = self.asked.extract_if(.., |asker, _| gone(&asker.peer));
        self.ended.extend(gone.filter_map(|(asker, _)| asker.question));
    }

    /// Takes the questions that get no further answer.
    pub(in crate::protocol) fn take_ended(&mut self) -> impl Iterator<Item = QuestionId> {
        self.ended.drain(..)
    }

    fn remove(&mut self, asker: &Asker) -> Option<Asked> {
        let asked = self.asked.remove(asker)?;
        self.ended.extend(asker.question);
        Some(asked)
    }

    /// Returns each asker's rank; the lowest comes first.
    fn ranks(&self, recent_use: &impl Fn(&NodeId) -> u64) -> impl Iterator<Item = ((u64, u64), Asker)> {
        self.asked.iter().map(|(asker, asked)| {
            let tokens = asked.plan.map_or(limits::LOOKUP_TOKENS, |plan| plan.tokens);
            ((recent_use(&asker.peer).saturating_add(tokens), asked.turn), *asker)
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

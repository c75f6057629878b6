//! Peers' questions on a connection that are not answered yet.
//!
//! ```text
//!   GHDR GBLK GTXN GBTX .. ─▶ waiting, by peer ── whose turn is it? ─▶ looked up ─▶ charged ─▶ read and sent
//!                                │ bounded              least recent use plus this answer's cost
//!                                └─ too old, too many: dropped, counted
//! ```
//!
//! The peers of a connection share its budget. The next peer is the one with the least sum of recent use and the cost
//! of its next answer. So a small answer goes before a large one, and a newcomer before a peer that had many answers.
//! Peers that keep asking take turns. A program that returns under new ids gains one turn with each connection to the
//! relay, and nothing more.
//!
//! On a mesh each question is an asker of its own. Each peer keeps its questions in their order, so that the choice
//! among all of them takes a look at each peer's first one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use toycoin_core::{BlockHash, Txid};
use toycoin_wire::{
    NodeId,
    node::{GetBlockTransactions, GetHeaders},
};

use super::{asked::Asked, light::LightQuestion};
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
    Light(&'a LightQuestion),
    /// Payments of one block.
    Payments(&'a GetBlockTransactions),
}

/// The next item that a peer waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Headers(GetHeaders),
    Block(BlockHash),
    Transaction(Txid),
    Light(LightQuestion),
    /// Payments of one block.
    Payments(Arc<GetBlockTransactions>),
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
    /// What light clients ask for, which [`light`](super::light) reads.
    Chain,
    /// Data that is always in memory: headers, the mempool.
    Memory,
    /// A block, or the transaction at an index in it. Index 0 stands for the whole block.
    Body { hash: BlockHash, place: u32, is_kept: bool },
}

/// All questions that wait on a connection.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Questions {
    peers: BTreeMap<NodeId, Waiting>,
    /// Each asker with the time of its oldest item.
    ages: BTreeSet<(Monotonic, Asker)>,
    askers: usize,
    items: usize,
    turns: u64,
    /// Questions of mesh peers that get no further answer, until that is said.
    ended: Vec<QuestionId>,
}

/// What one peer waits for. On a relay it is a single asker, which has no number.
#[derive(Debug, Default)]
struct Waiting {
    asked: BTreeMap<Option<QuestionId>, Asked>,
    /// The askers in the order of the tokens of their next answers, and then of their turns.
    order: BTreeSet<(u64, u64, Option<QuestionId>)>,
}

impl Questions {
    pub(in crate::protocol) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Returns the number of waiting peers.
    #[cfg(feature = "test-util")]
    pub(in crate::protocol) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Returns the number of answers that the peers wait for.
    #[cfg(any(test, feature = "test-util"))]
    pub(in crate::protocol) const fn len(&self) -> usize {
        self.items
    }

    /// Adds a question, and returns the number of answers that will not be given. These are an asker's older request
    /// for headers, items beyond an asker's bound, and all items of the asker with the last turn when too many wait, of
    /// one peer or of all. `recent_use` returns a peer's recent use in tokens.
    pub(super) fn ask(
        &mut self,
        asker: Asker,
        question: &Question<'_>,
        now: Monotonic,
        recent_use: impl Fn(&NodeId) -> u64,
    ) -> usize {
        let turn = self.next_turn();
        let mut dropped = if matches!(question, Question::Light(question) if question.is_proof()) {
            self.drop_proofs(&asker.peer)
        } else {
            0
        };
        let waiting = self.peers.entry(asker.peer).or_default();
        waiting.asked.entry(asker.question).or_insert_with(|| {
            self.askers += 1;
            Asked::new(turn)
        });
        dropped += self.change(&asker, |asked| asked.ask(question, now)).unwrap_or(0);
        if self.peers.get(&asker.peer).is_some_and(|waiting| waiting.asked.len() > limits::MESH_QUESTIONS_OF_A_PEER)
            && let Some(last) = self.last_of(&asker.peer)
        {
            dropped += self.remove(&last);
        }
        let most = if asker.question.is_some() { limits::MESH_QUESTIONS } else { limits::QUESTION_PEERS };
        while (self.askers > most || self.items > limits::QUESTION_ITEMS)
            && let Some(last) = self.last(&recent_use)
        {
            dropped += self.remove(&last);
        }
        dropped
    }

    /// Returns the asker whose turn it is.
    pub(super) fn next(&self, recent_use: impl Fn(&NodeId) -> u64) -> Option<Asker> {
        let firsts = self.peers.iter().filter_map(|(peer, waiting)| {
            let (tokens, turn, question) = *waiting.order.first()?;
            Some((recent_use(peer).saturating_add(tokens), turn, Asker { peer: *peer, question }))
        });
        firsts.min().map(|(_, _, asker)| asker)
    }

    /// Returns the next item that an asker waits for, and its plan if it was looked up.
    pub(super) fn item(&self, asker: &Asker) -> Option<(Item, Option<Plan>)> {
        let asked = self.get(asker)?;
        Some((asked.item()?, asked.plan))
    }

    /// Sets the plan for an asker's next answer; `None` means that it must be looked up again.
    pub(super) fn plan(&mut self, asker: &Asker, plan: Option<Plan>) {
        self.change(asker, |asked| asked.plan = plan);
    }

    /// Returns whether an answer of so many bytes is left out, because all answers to its question would be too long.
    pub(super) fn is_left_out(&self, asker: &Asker, length: u64) -> bool {
        let given = self.get(asker).map_or(0, |asked| asked.given);
        asker.question.is_some() && given > 0 && given + length > limits::ANSWER_BYTES
    }

    /// Removes an asker's next item, which was answered with so many bytes. `missing` are the hashes in it of what this
    /// node does not have.
    pub(super) fn answered(&mut self, asker: &Asker, bytes: u64, missing: impl IntoIterator<Item = [u8; 32]>) {
        let turn = self.next_turn();
        self.change(asker, |asked| asked.answered(turn, bytes, missing));
    }

    /// Returns the requested items that this node does not have, as many as one message holds.
    pub(super) fn missing(&self, asker: &Asker) -> Vec<[u8; 32]> {
        let missing = self.get(asker).map_or(&[][..], |asked| &asked.missing[..]);
        missing.iter().take(limits::TXIDS_A_MESSAGE).copied().collect()
    }

    /// Drops items that waited so long that the peer has asked others by now. Returns their number.
    pub(super) fn expire(&mut self, now: Monotonic) -> usize {
        let before = self.items;
        while self.ages.first().is_some_and(|(oldest, _)| now >= *oldest + limits::QUESTION_PATIENCE)
            && let Some((_, asker)) = self.ages.pop_first()
        {
            self.change(&asker, |asked| asked.expire(now));
        }
        before - self.items
    }

    /// Removes a peer that is gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&NodeId) -> bool) {
        let gone: Vec<_> = self.peers.keys().filter(|peer| gone(peer)).copied().collect();
        for peer in gone {
            while let Some(last) = self.last_of(&peer) {
                self.remove(&last);
            }
        }
    }

    /// Takes the questions that get no further answer.
    pub(in crate::protocol) fn take_ended(&mut self) -> impl Iterator<Item = QuestionId> {
        self.ended.drain(..)
    }

    /// Drops the proofs of work that a peer waits for, and returns their number.
    fn drop_proofs(&mut self, peer: &NodeId) -> usize {
        let asked = self.peers.get(peer).into_iter().flat_map(|waiting| &waiting.asked);
        let askers = asked.filter(|(_, asked)| asked.has_proof());
        let askers: Vec<_> = askers.map(|(question, _)| Asker { peer: *peer, question: *question }).collect();
        askers.iter().filter_map(|asker| self.change(asker, Asked::drop_proof)).sum()
    }

    fn get(&self, asker: &Asker) -> Option<&Asked> {
        self.peers.get(&asker.peer)?.asked.get(&asker.question)
    }

    /// Removes an asker, and returns the number of its items.
    fn remove(&mut self, asker: &Asker) -> usize {
        let before = self.items;
        self.change(asker, Asked::clear);
        before - self.items
    }

    /// Changes an asker, and then its place in all orders. One that waits for nothing more is removed.
    fn change<R>(&mut self, asker: &Asker, change: impl FnOnce(&mut Asked) -> R) -> Option<R> {
        let waiting = self.peers.get_mut(&asker.peer)?;
        let asked = waiting.asked.get_mut(&asker.question)?;
        let place = |asked: &Asked| (asked.tokens(), asked.turn, asker.question);
        waiting.order.remove(&place(asked));
        self.items -= asked.len();
        if let Some(oldest) = asked.oldest() {
            self.ages.remove(&(oldest, *asker));
        }
        let result = change(asked);
        self.items += asked.len();
        if let Some(oldest) = asked.oldest() {
            self.ages.insert((oldest, *asker));
        }
        if asked.is_done() {
            waiting.asked.remove(&asker.question);
            self.askers -= 1;
            self.ended.extend(asker.question);
        } else {
            waiting.order.insert(place(asked));
        }
        if waiting.asked.is_empty() {
            self.peers.remove(&asker.peer);
        }
        Some(result)
    }

    /// Returns the asker whose turn is last.
    fn last(&self, recent_use: &impl Fn(&NodeId) -> u64) -> Option<Asker> {
        let lasts = self.peers.iter().filter_map(|(peer, waiting)| {
            let (tokens, turn, question) = *waiting.order.last()?;
            Some((recent_use(peer).saturating_add(tokens), turn, Asker { peer: *peer, question }))
        });
        lasts.max().map(|(_, _, asker)| asker)
    }

    /// Returns the asker of one peer whose turn is last.
    fn last_of(&self, peer: &NodeId) -> Option<Asker> {
        let (_, _, question) = *self.peers.get(peer)?.order.last()?;
        Some(Asker { peer: *peer, question })
    }

    const fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

#[cfg(test)]
mod tests;

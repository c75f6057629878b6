//! The items that one asker waits for.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use toycoin_core::{BlockHash, Txid};
use toycoin_wire::node::{GetBlockTransactions, GetHeaders};

use super::{
    light::LightQuestion,
    questions::{Item, Plan, Question},
};
use crate::{limits, machine::Monotonic};

/// The items that one asker waits for: headers first, then what light clients ask, then payments of blocks, then blocks,
/// then transactions.
#[derive(Debug, Default)]
pub(super) struct Asked {
    headers: Option<(Monotonic, GetHeaders)>,
    light: VecDeque<(Monotonic, LightQuestion)>,
    payments: VecDeque<(Monotonic, Arc<GetBlockTransactions>)>,
    blocks: VecDeque<(Monotonic, BlockHash)>,
    transactions: VecDeque<(Monotonic, Txid)>,
    pub(super) missing: Vec<[u8; 32]>,
    /// The plan for the first item.
    pub(super) plan: Option<Plan>,
    /// Turn of the asker's arrival or last answer.
    pub(super) turn: u64,
    /// Bytes that were given so far.
    pub(super) given: u64,
}

impl Asked {
    /// Returns an asker that waits for nothing, and arrived at a turn.
    pub(super) fn new(turn: u64) -> Self {
        Self { turn, ..Self::default() }
    }

    /// Returns the next item.
    pub(super) fn item(&self) -> Option<Item> {
        if let Some((_, request)) = &self.headers {
            return Some(Item::Headers(request.clone()));
        }
        if self.missing.len() >= limits::TXIDS_A_MESSAGE {
            return Some(Item::Missing);
        }
        if let Some((_, question)) = self.light.front() {
            return Some(Item::Light(question.clone()));
        }
        if let Some((_, request)) = self.payments.front() {
            return Some(Item::Payments(Arc::clone(request)));
        }
        if let Some((_, hash)) = self.blocks.front() {
            return Some(Item::Block(*hash));
        }
        if let Some((_, txid)) = self.transactions.front() {
            return Some(Item::Transaction(*txid));
        }
        (!self.missing.is_empty()).then_some(Item::Missing)
    }

    /// Returns whether there is no next item.
    pub(super) fn is_done(&self) -> bool {
        self.len() == 0 && self.missing.is_empty()
    }

    /// Returns the number of answers that it waits for.
    pub(super) fn len(&self) -> usize {
        let questions = usize::from(self.headers.is_some()) + self.light.len() + self.payments.len();
        questions + self.blocks.len() + self.transactions.len()
    }

    /// Returns the cost of the next answer in tokens; of its lookup, if that is still to be done.
    pub(super) fn tokens(&self) -> u64 {
        let is_light = self.headers.is_none() && self.missing.len() < limits::TXIDS_A_MESSAGE;
        let light = self.light.front().filter(|_| is_light).map(|(_, question)| question.lookup_tokens());
        self.plan.map_or_else(|| light.unwrap_or(limits::LOOKUP_TOKENS), |plan| plan.tokens)
    }

    /// Returns since when the oldest item waits.
    pub(super) fn oldest(&self) -> Option<Monotonic> {
        let headers = self.headers.as_ref().map(|(at, _)| *at);
        let light = self.light.front().map(|(at, _)| *at);
        let payments = self.payments.front().map(|(at, _)| *at);
        let blocks = self.blocks.front().map(|(at, _)| *at);
        let transactions = self.transactions.front().map(|(at, _)| *at);
        [headers, light, payments, blocks, transactions].into_iter().flatten().min()
    }

    /// Adds a question. Returns the number of items that are dropped: an older request for headers, and items without
    /// room.
    pub(super) fn ask(&mut self, question: &Question<'_>, now: Monotonic) -> usize {
        match question {
            Question::Headers(request) => {
                self.plan = None;
                usize::from(self.headers.replace((now, (*request).clone())).is_some())
            }
            Question::Light(question) => {
                let is_asked = self.light.iter().any(|(_, asked)| asked == *question);
                let has_room = self.light.len() < limits::LIGHT_QUESTIONS;
                if has_room && !is_asked {
                    self.light.push_back((now, (*question).clone()));
                }
                usize::from(!has_room && !is_asked)
            }
            Question::Payments(request) => {
                let is_full = self.payments.len() >= limits::QUESTION_COMPACT_BLOCKS;
                if !is_full {
                    // they go before blocks
                    self.plan = None;
                    self.payments.push_back((now, Arc::new((*request).clone())));
                }
                usize::from(is_full)
            }
            Question::Blocks(hashes) => wait_for(&mut self.blocks, hashes, limits::QUESTION_BLOCKS, now),
            Question::Transactions(ids) => wait_for(&mut self.transactions, ids, limits::QUESTION_TRANSACTIONS, now),
        }
    }

    /// Returns whether it waits for a proof of work.
    pub(super) fn has_proof(&self) -> bool {
        self.light.iter().any(|(_, question)| question.is_proof())
    }

    /// Drops a proof of work that it waits for, since its peer asked for another one.
    pub(super) fn drop_proof(&mut self) -> usize {
        let (first, before) = (self.item(), self.light.len());
        self.light.retain(|(_, question)| !question.is_proof());
        if self.item() != first {
            self.plan = None;
        }
        before - self.light.len()
    }

    /// Removes the next item, which was answered at a turn with so many bytes. `missing` are the hashes in it of what
    /// this node does not have.
    pub(super) fn answered(&mut self, turn: u64, bytes: u64, missing: impl IntoIterator<Item = [u8; 32]>) {
        match self.item() {
            Some(Item::Headers(_)) => self.headers = None,
            Some(Item::Light(_)) => drop(self.light.pop_front()),
            Some(Item::Payments(_)) => drop(self.payments.pop_front()),
            Some(Item::Block(_)) => drop(self.blocks.pop_front()),
            Some(Item::Transaction(_)) => drop(self.transactions.pop_front()),
            Some(Item::Missing) => drop(self.missing.drain(..self.missing.len().min(limits::TXIDS_A_MESSAGE))),
            None => {}
        }
        (self.plan, self.turn) = (None, turn);
        self.given += bytes;
        self.missing.extend(missing);
    }

    /// Drops items that waited too long.
    pub(super) fn expire(&mut self, now: Monotonic) {
        let is_old = |at: Monotonic| now >= at + limits::QUESTION_PATIENCE;
        let first = self.item();
        self.headers.take_if(|(at, _)| is_old(*at));
        while self.light.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
        while self.payments.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
        while self.blocks.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
        while self.transactions.pop_front_if(|(at, _)| is_old(*at)).is_some() {}
        if self.item() != first {
            self.plan = None;
        }
    }

    /// Drops all items.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.turn);
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

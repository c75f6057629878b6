//! The next answer of each connection: looked up, charged, read and sent.

use std::{fmt::Display, ops::Range, sync::Arc};

use toycoin_core::{BlockHash, CheckedBlock, Transaction, Txid, chain::Chain, store::ChainStore};
use toycoin_wire::node::{BlockTransactions, GetHeaders, NodeMessage};

use super::{
    kept_bodies::KeptBodies,
    light::{self, LightQuestion},
    questions::{Asker, Item, Plan, Question, Source},
};
use crate::{
    limits,
    machine::Monotonic,
    mempool::Mempool,
    protocol::{MuteReason, backlog::Purpose, links::Link, net::Net},
    relay::ConnectionId,
};

/// The answers of this node to its peers' questions.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Answers {
    /// Bodies that were read for peers recently.
    kept_bodies: KeptBodies,
}

/// The result of one attempt to answer.
enum Step {
    /// This many tokens were spent.
    Spent(u64),
    /// There is nothing to answer, or no room for the answer.
    Idle,
    /// There is nothing to do before this time.
    Until(Monotonic),
}

impl Answers {
    /// Queues a question until its turn.
    pub(in crate::protocol) fn on_question(
        &self,
        connection: ConnectionId,
        asker: Asker,
        question: &Question<'_>,
        net: &mut Net,
    ) {
        let (now, peers) = (net.now.monotonic, &net.peers);
        let Some(link) = net.links.get_mut(&connection) else { return };
        let recent_use = |id: &_| peers.get(&(connection, *id)).map_or(0, |known| known.recent_use.tokens(now));
        net.overloads += link.questions.ask(asker, question, now, recent_use) as u64;
    }

    /// Answers the waiting peers of each connection, within its budget, its queue and the bound of one step.
    pub(in crate::protocol) fn answer<S: ChainStore<Error: Display>>(
        &mut self,
        net: &mut Net,
        chain: &Chain<S>,
        pool: &Mempool,
    ) {
        // also if the last question was answered or removed while the time for the next answer is still set
        let is_due = |link: &Link| !link.questions.is_empty() || link.answer_at.is_some();
        let waiting = net.links.iter().filter(|(_, link)| is_due(link)).map(|(connection, _)| *connection);
        for connection in waiting.collect::<Vec<_>>() {
            let mut spent = 0;
            let again = loop {
                if net.halted {
                    return;
                }
                if spent >= limits::ANSWER_STEP_TOKENS {
                    break Some(net.now.monotonic);
                }
                match self.answer_one(connection, net, chain, pool) {
                    Step::Spent(tokens) => spent += tokens,
                    Step::Until(at) => break Some(at),
                    Step::Idle => break None,
                }
            };
            if let Some(link) = net.links.get_mut(&connection) {
                link.answer_at = again;
            }
        }
    }

    fn answer_one<S: ChainStore<Error: Display>>(
        &mut self,
        connection: ConnectionId,
        net: &mut Net,
        chain: &Chain<S>,
        pool: &Mempool,
    ) -> Step {
        let (now, peers) = (net.now.monotonic, &net.peers);
        let Some(link) = net.links.get_mut(&connection) else { return Step::Idle };
        net.overloads += link.questions.expire(now) as u64;
        let recent_use = |id: &_| peers.get(&(connection, *id)).map_or(0, |known| known.recent_use.tokens(now));
        let Some(asker) = link.questions.next(recent_use) else { return Step::Idle };
        let Some((item, plan)) = link.questions.item(&asker) else { return Step::Idle };
        let length = plan.map_or(0, |plan| plan.length);
        if !link.has_room(Purpose::Answer, length) {
            return Step::Idle;
        }
        if link.questions.is_left_out(&asker, length) {
            link.questions.answered(&asker, 0, None);
            return Step::Spent(0);
        }
        let tokens = match (&item, plan) {
            (_, Some(plan)) => plan.tokens,
            (Item::Light(question), None) => question.lookup_tokens(),
            _ => limits::LOOKUP_TOKENS,
        };
        // the reserve leaves tokens for small answers, however many the large ones take
        let reserve = if tokens > limits::SMALL_ANSWER_TOKENS { limits::SMALL_ANSWER_RESERVE } else { 0 };
        let tokens = tokens.min(limits::ANSWER_TOKENS - reserve);
        if let Some(at) = link.budget.when(tokens + reserve, now).filter(|at| *at > now) {
            return Step::Until(at);
        }
        let peer = (connection, asker.peer);
        if let Item::Light(question) = &item
            && !net.take_light(peer, question.is_chunk(), length)
        {
            // it gets no answer, and asks others
            net.overloads += 1;
            if let Some(link) = net.links.get_mut(&connection) {
                link.questions.answered(&asker, 0, None);
            }
            return Step::Spent(0);
        }
        let Some(link) = net.links.get_mut(&connection) else { return Step::Idle };
        link.budget.take(tokens, now);
        if let (Item::Light(question), Some(plan)) = (&item, plan) {
            return match self.give_light(connection, asker, question, Plan { tokens, ..plan }, net, chain) {
                Ok(tokens) => Step::Spent(tokens),
                Err(error) => {
                    net.halt(&error);
                    Step::Idle
                }
            };
        }
        if let Some(known) = net.peers.get_mut(&peer) {
            known.recent_use.add(tokens, now);
        }
        let done = match plan {
            None => self.look_up(connection, asker, &item, net, chain, pool),
            Some(plan) => self.give(connection, asker, item, plan, net, chain, pool),
        };
        if let Err(error) = done {
            net.halt(&error);
        }
        Step::Spent(tokens)
    }

    /// Looks up an answer's location and cost, from indexes alone.
    fn look_up<S: ChainStore<Error: Display>>(
        &mut self,
        connection: ConnectionId,
        asker: Asker,
        item: &Item,
        net: &mut Net,
        chain: &Chain<S>,
        pool: &Mempool,
    ) -> Result<(), String> {
        let (plan, missing) = match item {
            Item::Headers(request) => {
                let headers = wanted_headers(request, chain);
                // to an asker below the snapshot at which this node began, an empty answer would be a lie
                let is_here = chain.header_at(headers.start - 1).is_some();
                let bytes = (headers.end - headers.start) * 128;
                let plan = Plan { tokens: bytes, length: bytes + limits::MAX_ENVELOPE_BYTES, source: Source::Memory };
                (is_here.then_some(plan), None)
            }
            Item::Block(hash) => (self.plan_of_block(hash, chain)?, Some(hash.to_bytes())),
            // what is sent is a part of what is read
            Item::Payments(request) => (self.plan_of_block(&request.block, chain)?, Some(request.block.to_bytes())),
            Item::Transaction(txid) => (self.plan_of_transaction(txid, chain, pool)?, Some(txid.to_bytes())),
            Item::Light(question) => (Some(light::plan(question, chain, &mut self.kept_bodies)?), None),
            Item::Missing => (Some(Plan { tokens: 0, length: MISSING_LENGTH, source: Source::Memory }), None),
        };
        if let Some(link) = net.links.get_mut(&connection) {
            match plan {
                Some(plan) => link.questions.plan(&asker, Some(plan)),
                None => link.questions.answered(&asker, 0, missing),
            }
        }
        Ok(())
    }

    /// Reads and sends an answer that was charged.
    #[expect(clippy::too_many_arguments, reason = "the asker and where it is, and the parts of the machine")]
    fn give<S: ChainStore<Error: Display>>(
        &mut self,
        connection: ConnectionId,
        asker: Asker,
        item: Item,
        plan: Plan,
        net: &mut Net,
        chain: &Chain<S>,
        pool: &Mempool,
    ) -> Result<(), String> {
        let answer = match (item, plan.source) {
            (Item::Headers(request), _) => {
                let headers = wanted_headers(&request, chain).filter_map(|height| chain.header_at(height));
                Some(NodeMessage::Headers(headers.map(|entry| entry.header).collect()))
            }
            (Item::Transaction(txid), Source::Memory) => pool.get(&txid).cloned().map(NodeMessage::Transaction),
            (Item::Block(_) | Item::Transaction(_), Source::Body { hash, place, is_kept }) => {
                let body = self.body(&hash, !is_kept, chain)?;
                body.and_then(|body| match place {
                    0 => Some(NodeMessage::Block(body.block().clone())),
                    place => in_block(&body, place).cloned().map(NodeMessage::Transaction),
                })
            }
            (Item::Payments(request), Source::Body { hash, is_kept, .. }) => {
                let body = self.body(&hash, !is_kept, chain)?;
                match body.map(|body| payments_of(&body, &request.places)) {
                    Some(Some(transactions)) => {
                        Some(NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions }))
                    }
                    Some(None) => {
                        if let Some(link) = net.links.get_mut(&connection) {
                            link.questions.answered(&asker, 0, None);
                        }
                        net.mute((connection, asker.peer), MuteReason::Places);
                        return Ok(());
                    }
                    None => None,
                }
            }
            (Item::Missing, _) => {
                let link = net.links.get(&connection);
                link.map(|link| NodeMessage::NotFound(link.questions.missing(&asker)))
            }
            // given apart, or looked up otherwise
            (Item::Light(_), _)
            | (Item::Block(_) | Item::Transaction(_) | Item::Payments(_), Source::Memory | Source::Chain) => None,
        };
        let Some(link) = net.links.get_mut(&connection) else { return Ok(()) };
        match answer {
            Some(answer) => {
                link.questions.answered(&asker, plan.length, None);
                net.answer((connection, asker.peer), asker.question, &answer);
            }
            // the item has moved since it was looked up
            None => link.questions.plan(&asker, None),
        }
        Ok(())
    }

    /// Gives a light client an answer that was charged, and returns the tokens that it took. The rest is given back.
    fn give_light<S: ChainStore<Error: Display>>(
        &mut self,
        connection: ConnectionId,
        asker: Asker,
        question: &LightQuestion,
        plan: Plan,
        net: &mut Net,
        chain: &Chain<S>,
    ) -> Result<u64, String> {
        let (now, peer) = (net.now.monotonic, (connection, asker.peer));
        let given = light::give(question, &plan, chain, &mut self.kept_bodies)?;
        net.give_back_light(peer, question.is_chunk(), plan.length.saturating_sub(given.bytes));
        if let Some(known) = net.peers.get_mut(&peer) {
            known.recent_use.add(given.tokens, now);
        }
        if let Some(link) = net.links.get_mut(&connection) {
            link.budget.give_back(plan.tokens - given.tokens);
            link.questions.answered(&asker, given.bytes, given.missing);
        }
        if let Some(message) = given.message {
            net.answer(peer, asker.question, &message);
        }
        Ok(given.tokens)
    }

    /// Returns the plan for a block that is, or was, on the active chain. Other blocks here are not fully judged, and a
    /// node that forwarded an invalid one would be muted for another's fault.
    fn plan_of_block<S: ChainStore<Error: Display>>(
        &mut self,
        hash: &BlockHash,
        chain: &Chain<S>,
    ) -> Result<Option<Plan>, String> {
        if !chain.headers().get(hash).is_some_and(|entry| entry.connected) {
            return Ok(None);
        }
        let kept = self.kept_bodies.get(hash).map(|body| body.block().size());
        let size = match kept {
            Some(size) => Some(size),
            None => chain.body_size(hash).map_err(|error| error.to_string())?,
        };
        let source = Source::Body { hash: *hash, place: 0, is_kept: kept.is_some() };
        // the bytes read are the bytes sent; the encoded list of transactions is a little longer than its size by
        // formula
        Ok(size.map(|size| Plan { tokens: size, length: size + size / 8 + limits::MAX_ENVELOPE_BYTES, source }))
    }

    /// Returns the plan for a transaction. A coinbase is not available by itself.
    fn plan_of_transaction<S: ChainStore<Error: Display>>(
        &mut self,
        txid: &Txid,
        chain: &Chain<S>,
        pool: &Mempool,
    ) -> Result<Option<Plan>, String> {
        let alone = |transaction: &Transaction, source| {
            let size = transaction.size();
            Plan { tokens: size, length: size + limits::MAX_ENVELOPE_BYTES, source }
        };
        if let Some(transaction) = pool.get(txid) {
            return Ok(Some(alone(transaction, Source::Memory)));
        }
        let found = chain.find_transaction(txid).map_err(|error| error.to_string())?;
        let Some((hash, place)) = found.filter(|(_, place)| *place > 0) else { return Ok(None) };
        if let Some(body) = self.kept_bodies.get(&hash) {
            let source = Source::Body { hash, place, is_kept: true };
            return Ok(in_block(&body, place).map(|transaction| alone(transaction, source)));
        }
        let read = chain.body_size(&hash).map_err(|error| error.to_string())?;
        // its size is unknown until its block is read
        let size = Transaction::MAX_SIZE;
        let source = Source::Body { hash, place, is_kept: false };
        Ok(read.map(|read| Plan { tokens: read + size.min(read), length: size + limits::MAX_ENVELOPE_BYTES, source }))
    }

    /// Returns a body from the cache, or reads it and puts it into the cache.
    fn body<S: ChainStore<Error: Display>>(
        &mut self,
        hash: &BlockHash,
        may_read: bool,
        chain: &Chain<S>,
    ) -> Result<Option<Arc<CheckedBlock>>, String> {
        if let Some(body) = self.kept_bodies.get(hash) {
            return Ok(Some(body));
        }
        if !may_read {
            return Ok(None);
        }
        let body = chain.block(hash).map_err(|error| error.to_string())?;
        if let Some(body) = &body {
            self.kept_bodies.keep(Arc::clone(body));
        }
        Ok(body)
    }

    /// Returns the bytes of bodies that are kept because peers may request them again.
    #[cfg(feature = "test-util")]
    pub(in crate::protocol) fn kept_bytes(&self) -> u64 {
        self.kept_bodies.bytes()
    }
}

/// Returns the heights of the active chain's headers that a request asks for.
fn wanted_headers<S: ChainStore>(request: &GetHeaders, chain: &Chain<S>) -> Range<u64> {
    let height_of = |hash: &BlockHash| {
        let height = chain.headers().get(hash)?.header.height;
        chain.is_active(hash).then_some(height)
    };
    let first = request.locator.iter().find_map(height_of).unwrap_or(0) + 1;
    let end = (chain.height() + 1).min(first + limits::HEADERS_A_MESSAGE as u64).max(first);
    match height_of(&request.stop) {
        Some(stop) if (first..end).contains(&stop) => first..stop + 1,
        _ => first..end,
    }
}

/// Returns the transaction at an index in a block, where 0 is the coinbase.
fn in_block(body: &CheckedBlock, place: u32) -> Option<&Transaction> {
    let place = usize::try_from(place).ok()?.checked_sub(1)?;
    body.block().transactions.get(place)
}

/// Returns the payments in some places of a block, where 0 is the first one after the coinbase; `None` if the block does
/// not have one of the places.
fn payments_of(body: &CheckedBlock, places: &[u32]) -> Option<Vec<Transaction>> {
    let payments = &body.block().transactions;
    let payment = |place: &u32| payments.get(usize::try_from(*place).ok()?).cloned();
    places.iter().map(payment).collect()
}

/// Most bytes of a NOTF.
const MISSING_LENGTH: u64 = 32 * limits::TXIDS_A_MESSAGE as u64 + limits::MAX_ENVELOPE_BYTES;

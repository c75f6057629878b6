//! Compact blocks that come, and the payments that complete them.

use std::sync::Arc;

use toycoin_core::{
    Block, BlockHash, CheckedBlock, Header, IdentifiedBlock, Rule, RuleError,
    chain::ChainError,
    compact::{CompactBlock, Rebuild, RebuildError},
    consensus::{check_form, check_header, check_proof_of_work},
    store::ChainStore,
};
use toycoin_wire::node::{BlockTransactions, GetBlockTransactions, NodeMessage};

use super::waiting::{Awaits, Waiting};
use crate::{
    limits,
    protocol::{Judgement, MuteReason, NodeMachine, Ticket, blocks::Came, peer_key::PeerKey},
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Processes a compact block from a peer. A `ticket` says that it was gossiped; its judgement follows at once or
    /// later.
    pub(in crate::protocol) fn on_compact_block(
        &mut self,
        peer: PeerKey,
        compact: CompactBlock,
        ticket: Option<Ticket>,
    ) {
        let hash = compact.hash();
        if let Some(lane) = self.net.lane_of(&peer) {
            lane.announcements.saw(hash);
        }
        // others on that mesh learn of it as this node did
        self.net.was_gossiped(hash, |connection| connection == peer.0);
        if self.chain.has_block(&hash) || self.waiting.is_deferred(&hash) {
            return self.net.judge_any(ticket, Judgement::Ignore);
        }
        if let Err(judgement) = self.judge_form(peer, &compact, hash) {
            return self.net.judge_any(ticket, judgement);
        }
        if self.chain.headers().get(&compact.header.previous).is_none() {
            return self.on_orphan_compact_block(peer, &compact, ticket);
        }
        match self.rebuild(peer, &compact) {
            Ok(rebuild) if rebuild.count_missing() == 0 => match rebuild.finish() {
                Ok(block) => {
                    let came = if ticket.is_some() { Came::ByGossip } else { Came::ByItself };
                    self.on_rebuilt(peer, block, came, ticket);
                }
                Err(error) => self.ask_for_whole(peer, compact, ticket, error),
            },
            Ok(rebuild) if rebuild.count_missing() <= limits::COMPACT_MISSING => {
                self.ask_for_missing(peer, rebuild, ticket);
            }
            Ok(rebuild) => {
                let count = rebuild.count_missing();
                self.ask_for_whole(peer, compact, ticket, RebuildError::Missing { count });
            }
            Err(error) => self.ask_for_whole(peer, compact, ticket, error),
        }
    }

    /// Processes a compact block whose parent is unknown: it waits as an orphan if nothing of it is missing, as a whole
    /// block does. Who lost one block would else lose all that follow until it has caught up.
    fn on_orphan_compact_block(&mut self, peer: PeerKey, compact: &CompactBlock, ticket: Option<Ticket>) {
        let now = self.net.now.monotonic;
        let link = self.net.links.get_mut(&peer.0).filter(|_| !self.waiting.has_orphan(&compact.hash()));
        let may_try = link.is_some_and(|link| link.orphans.take(1, now));
        let rebuilt = may_try.then(|| Rebuild::begin(compact.clone()).and_then(|rebuild| self.know_waiting(rebuild)));
        let complete = rebuilt.and_then(Result::ok).filter(|rebuild| rebuild.count_missing() == 0);
        if let Some(block) = complete.and_then(|rebuild| rebuild.finish().ok()) {
            let came = if ticket.is_some() { Came::ByGossip } else { Came::ByItself };
            return self.on_rebuilt(peer, block, came, ticket);
        }
        if let Some(known) = self.net.peers.get_mut(&peer) {
            known.note_news();
        }
        self.headers.look(&mut self.net);
        self.net.judge_any(ticket, Judgement::Ignore);
    }

    /// Processes payments of a block. An answer that was not asked for is ignored.
    pub(in crate::protocol) fn on_block_transactions(&mut self, peer: PeerKey, answer: BlockTransactions) {
        let Some((mut rebuild, ticket)) = self.compact.take_asked(&answer.block, &peer) else { return };
        if let Err(error) = rebuild.fill(answer.transactions) {
            self.net.judge_any(ticket, Judgement::Ignore);
            return self.net.mute(peer, MuteReason::OtherPayments(error));
        }
        let compact = rebuild.compact().clone();
        match rebuild.finish() {
            Ok(block) => self.on_rebuilt(peer, block, Came::ByItself, ticket),
            Err(error) => {
                self.bodies.expect_no_more(&peer, &answer.block);
                self.ask_for_whole(peer, compact, ticket, error);
            }
        }
    }

    /// Processes a peer's message that it does not have some blocks or transactions. The blocks are asked of others.
    pub(in crate::protocol) fn on_not_found(&mut self, peer: PeerKey, hashes: &[[u8; 32]]) {
        for hash in hashes.iter().copied().map(BlockHash::from_bytes) {
            if let Some((rebuild, ticket)) = self.compact.take_asked(&hash, &peer) {
                self.keep(peer, hash, Awaits::Block(Box::new(rebuild.compact().clone())), ticket);
            }
        }
        self.bodies.on_not_found(peer, hashes, &mut self.net, &self.chain);
    }

    /// Returns whether a request names its places in order, and mutes a peer whose request does not.
    pub(in crate::protocol) fn are_places(&mut self, peer: PeerKey, request: &GetBlockTransactions) -> bool {
        let in_order = request.places.is_sorted_by(|one, next| one < next);
        if !in_order {
            self.net.mute(peer, MuteReason::Places);
        }
        in_order
    }

    /// Judges a compact block by its header, and by its size before anything is reserved for its payments.
    fn judge_form(&mut self, peer: PeerKey, compact: &CompactBlock, hash: BlockHash) -> Result<(), Judgement> {
        let (params, header) = (self.chain.params(), &compact.header);
        let tree = self.chain.headers();
        let parent = tree.get(&header.previous).zip(tree.context_after(&header.previous));
        let judged = match &parent {
            Some((_, context)) => check_header(params, header, hash, context, self.net.now.unix_ms),
            // an unknown parent is nobody's fault, but a header without work is
            None => {
                let shell = Block { header: *header, coinbase: compact.coinbase.clone(), transactions: Vec::new() };
                check_form(params, &shell).and_then(|()| check_proof_of_work(params, header, hash))
            }
        };
        let size = compact.least_size();
        let limit = params.spec().block_size_limit;
        let judged = match judged {
            // a block ahead of its time waits when it is whole
            Err(error) if !error.is_deferred() => Err(error),
            _ if params.enforces(Rule::BlockSize) && size > limit => Err(RuleError::BlockSize { size, limit }),
            _ => Ok(()),
        };
        let work_before = parent.map(|(parent, _)| parent.work);
        if let Err(error) = judged {
            self.refuse(Some(peer), hash, &error);
            return Err(Judgement::Reject);
        }
        if work_before.is_some_and(|work_before| self.is_of_the_past(header, hash, work_before)) {
            tracing::debug!(%hash, "a compact block far behind that nobody asked for is not kept");
            return Err(Judgement::Ignore);
        }
        Ok(())
    }

    /// Puts the payments that wait here in their places.
    fn rebuild(&mut self, peer: PeerKey, compact: &CompactBlock) -> Result<Rebuild, RebuildError> {
        let missing = RebuildError::Missing { count: compact.ids.len() };
        self.take_looks(peer, self.transactions.count_payments()).ok_or(missing)?;
        let mut rebuild = self.know_waiting(Rebuild::begin(compact.clone())?)?;
        let rivals = self.rivals_of(&compact.header).map_err(|error| {
            self.net.halt(&error);
            missing
        })?;
        self.take_looks(peer, rivals.iter().map(|rival| rival.ids().len()).sum()).ok_or(missing)?;
        for rival in &rivals {
            rebuild.know_payments_of(rival)?;
        }
        Ok(rebuild)
    }

    /// Puts the payments that wait for a block in their places.
    fn know_waiting(&self, mut rebuild: Rebuild) -> Result<Rebuild, RebuildError> {
        rebuild.know(self.transactions.payments())?;
        Ok(rebuild)
    }

    /// Charges a peer's connection for payments that are looked at; `None` if it has too little left.
    fn take_looks(&mut self, peer: PeerKey, looks: usize) -> Option<()> {
        let now = self.net.now.monotonic;
        let has_enough = self.net.links.get_mut(&peer.0).is_some_and(|link| link.looks.take(looks as u64, now));
        if !has_enough {
            self.net.overloads += 1;
        }
        has_enough.then_some(())
    }

    /// Returns the blocks of the active chain that a block may replace. Their payments wait no longer, and most are in
    /// the other block too.
    fn rivals_of(&self, header: &Header) -> Result<Vec<Arc<CheckedBlock>>, String> {
        let tip = self.chain.height();
        if header.height > tip || tip - header.height >= limits::COMPACT_RIVALS {
            return Ok(Vec::new());
        }
        let text = |error: ChainError<S::Error>| error.to_string();
        let bodies = (header.height..=tip).map(|height| self.chain.block_at(height).map_err(text));
        bodies.filter_map(Result::transpose).collect()
    }

    /// Processes the block that a compact block was. It goes on as a compact block only if it can be had from here.
    fn on_rebuilt(&mut self, peer: PeerKey, block: IdentifiedBlock, came: Came, ticket: Option<Ticket>) {
        let hash = block.hash();
        let judgement = match self.on_block(peer, block, came) {
            Judgement::Accept if !self.is_better(&hash) => Judgement::Ignore,
            judgement => judgement,
        };
        self.net.judge_any(ticket, judgement);
    }

    /// Asks the sender of a compact block for the payments that are missing. Another sender of the block may be asked
    /// at the same time, since ids are only as true as who wrote them.
    fn ask_for_missing(&mut self, peer: PeerKey, rebuild: Rebuild, ticket: Option<Ticket>) {
        let (hash, places) = (rebuild.hash(), rebuild.missing());
        self.note_header(peer, rebuild.compact(), hash);
        let is_first = !self.compact.contains(&hash);
        let is_expected = self.compact.has_room(&hash, &peer) && self.bodies.expect_of(peer, hash, &self.net);
        // the first one waits even if its block comes another way already
        if !is_first && !is_expected {
            return self.net.judge_any(ticket, Judgement::Ignore);
        }
        self.keep(peer, hash, Awaits::Payments(Box::new(rebuild)), ticket);
        if is_expected {
            self.net.send_to(peer, &NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash, places }));
        }
    }

    /// Asks the sender of a compact block for the block itself, unless it comes another way already. Nobody is to
    /// blame.
    fn ask_for_whole(&mut self, peer: PeerKey, compact: CompactBlock, ticket: Option<Ticket>, why: RebuildError) {
        let hash = compact.hash();
        self.note_header(peer, &compact, hash);
        if self.compact.contains(&hash) {
            return self.net.judge_any(ticket, Judgement::Ignore);
        }
        tracing::debug!(%hash, %why, "a compact block is asked for whole");
        self.keep(peer, hash, Awaits::Block(Box::new(compact)), ticket);
        self.bodies.ask_of(peer, hash, &mut self.net);
    }

    /// Takes note of a header that was judged, so that its block is asked of others too if this peer does not send it.
    fn note_header(&mut self, peer: PeerKey, compact: &CompactBlock, hash: BlockHash) {
        let header = &compact.header;
        let before = self.chain.headers().get(&header.previous).map(|parent| parent.work).unwrap_or_default();
        let work = before + header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        if let Some(known) = self.net.peers.get_mut(&peer) {
            known.shows(work, hash);
        }
        if work > self.chain.tip().work && self.chain.insert_header(header, self.net.now.unix_ms).is_err() {
            tracing::debug!(%hash, "a header ahead of its time, or on a branch that proved invalid");
        }
    }

    fn keep(&mut self, sender: PeerKey, hash: BlockHash, awaits: Awaits, ticket: Option<Ticket>) {
        let since = self.net.now.monotonic;
        for gone in self.compact.keep(hash, sender, Waiting { ticket, awaits, since }) {
            self.net.judge(gone, Judgement::Ignore);
        }
    }
}

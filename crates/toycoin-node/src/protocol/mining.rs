//! Mining: block templates go out, nonces come in.
//!
//! The search itself runs elsewhere; this module decides what to search and when. A new template is made when the tip
//! moves, when the mempool has changed, and at intervals for the time in its header. A simulation does without the
//! latter two, and asks for a fresh template when it has drawn that the node finds a block.
//!
//! A block's time must be above its parent's (rule R12), and not too far ahead of now (rule R14). If the tip's time is
//! so far ahead that no time meets both rules, the node stops mining until the clock has come closer, and emits an
//! event.

use std::{collections::VecDeque, fmt::Display, time::Duration};

use toycoin_core::{
    Block, Header, IdentifiedBlock, PublicKey,
    chain::{Chain, ChainError},
    store::ChainStore,
};

use crate::{
    limits,
    machine::Monotonic,
    mempool::Mempool,
    protocol::{BlockSearch, Event, JobId, MiningJob, Output, durability::Durability, net::Net, pause::Pause},
};

/// The current search, and the blocks that were found and not published yet.
#[derive(Debug)]
pub(super) struct Mining {
    pub(super) enabled: bool,
    /// Start of the next search at the earliest. A new node first listens for a chain, and some networks have a
    /// shortest time between blocks.
    not_before: Monotonic,
    next_job: u64,
    /// The block templates on the present tip, the latest last.
    jobs: VecDeque<Job>,
    /// Found blocks that wait to be published, with their times.
    held_back: VecDeque<(Monotonic, IdentifiedBlock)>,
    /// When to check again whether the clock allows a block on the tip; `None` while it does.
    look_again: Option<Monotonic>,
    /// When the last event about waiting for the clock was emitted.
    wait_told: Option<Monotonic>,
    /// How long a better branch may still delay the search.
    pub(super) pause: Pause,
}

#[derive(Debug)]
struct Job {
    id: JobId,
    block: Block,
    /// Generation of the mempool when the template was made.
    generation: u64,
    made: Monotonic,
    /// Whether it is to be made anew at once.
    is_stale: bool,
}

impl Job {
    /// Returns when the template is due to be made anew; `None` if that waits for the tip or an input.
    fn renewed_at(&self, is_lazy: bool, pool: &Mempool) -> Option<Monotonic> {
        match self.generation == pool.generation() {
            _ if self.is_stale => Some(self.made),
            _ if is_lazy => None,
            true => Some(self.made + limits::TEMPLATE_REFRESH),
            false => Some(self.made + limits::TEMPLATE_QUICK_REFRESH),
        }
    }
}

impl Mining {
    pub(super) fn new(enabled: bool, not_before: Monotonic) -> Self {
        Self {
            enabled,
            not_before,
            next_job: 1,
            jobs: VecDeque::new(),
            held_back: VecDeque::new(),
            look_again: None,
            wait_told: None,
            pause: Pause::default(),
        }
    }

    pub(super) fn is_searching(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Returns what is searched at the moment.
    pub(super) fn search(&self) -> Option<BlockSearch> {
        let Job { block, .. } = self.jobs.back()?;
        let Header { height, bits, .. } = block.header;
        Some(BlockSearch { height, bits, payments: block.transactions.len() })
    }

    /// Returns whether the next event about waiting for the clock is due, and records it.
    fn may_tell(&mut self, now: Monotonic) -> bool {
        let is_told = |told: Monotonic| now.saturating_since(told) < limits::MINING_WAIT_INTERVAL;
        let may = !self.wait_told.is_some_and(is_told);
        if may {
            self.wait_told = Some(now);
        }
        may
    }

    pub(super) fn holds_back_blocks(&self) -> bool {
        !self.held_back.is_empty()
    }

    /// Returns when a block must be published or a template must be made.
    ///
    /// `is_busy` says whether the tip is about to change, and `catching_up_until` when missing blocks no longer count as
    /// on their way.
    pub(super) fn next_timeout(
        &self,
        net: &Net,
        pool: &Mempool,
        is_busy: bool,
        catching_up_until: Monotonic,
    ) -> Option<Monotonic> {
        let hand_out = self.held_back.front().map(|(at, _)| *at);
        let at_first = Some(self.not_before);
        let template = match self.jobs.back() {
            Some(job) => job.renewed_at(net.config.lazy_templates, pool),
            None if !self.enabled || net.config.payout.is_none() => None,
            // the next block or headers may end that sooner, but they are inputs
            None if is_busy => None,
            None => {
                let pause = self.pause.until().map(|until| until.min(catching_up_until));
                pause.or(self.look_again).max(at_first)
            }
        };
        hand_out.into_iter().chain(template).min()
    }

    /// Makes the next [`refresh`](Self::refresh) make a fresh template, if there is one.
    pub(super) fn renew(&mut self) {
        if let Some(job) = self.jobs.back_mut() {
            job.is_stale = true;
        }
    }

    /// Starts, renews or stops the search, as the node's state requires.
    ///
    /// `is_behind` says whether better headers are known whose bodies arrive, and `is_busy` whether the tip is about to
    /// change. Mining would be in vain then.
    pub(super) fn refresh<S: ChainStore<Error: Display>>(
        &mut self,
        is_behind: bool,
        is_busy: bool,
        net: &mut Net,
        chain: &mut Chain<S>,
        pool: &Mempool,
        durability: &mut Durability,
    ) {
        let now = net.now.monotonic;
        let payout = net.config.payout.filter(|_| self.enabled && now >= self.not_before);
        let waits = self.pause.holds(now, is_behind && payout.is_some()) || is_busy;
        let Some(payout) = payout.filter(|_| !waits) else {
            self.look_again = None;
            return self.stop(net);
        };
        if let Some(wait) = clock_lacks(net, chain) {
            return self.wait_for_clock(wait, net);
        }
        self.look_again = None;
        let tip = chain.tip().hash;
        if self.jobs.back().is_some_and(|job| job.block.header.previous != tip) {
            self.jobs.clear();
        }
        let is_lazy = net.config.lazy_templates;
        let is_due = |job: &Job| job.renewed_at(is_lazy, pool).is_some_and(|at| at <= now);
        if self.jobs.back().is_none_or(is_due) && durability.make_durable(net, chain) {
            self.make_template(payout, net, chain, pool);
        }
    }

    fn stop(&mut self, net: &mut Net) {
        if self.is_searching() {
            self.jobs.clear();
            net.outputs.push_back(Output::StopMining);
        }
    }

    /// Stops the search until the clock allows a block on the tip, because every other node would defer it.
    fn wait_for_clock(&mut self, wait: Duration, net: &mut Net) {
        let now = net.now.monotonic;
        self.stop(net);
        // a corrected clock ends the wait sooner
        self.look_again = Some(now + wait.min(limits::TEMPLATE_REFRESH));
        if self.may_tell(now) {
            net.emit(Event::MiningWaits { wait });
        }
    }

    /// Stops the search while this machine's clock shows a time that no block can have (rule R13).
    fn wait_without_a_block(&mut self, error: &str, net: &mut Net) {
        let now = net.now.monotonic;
        self.stop(net);
        self.look_again = Some(now + limits::TEMPLATE_REFRESH);
        if self.may_tell(now) {
            tracing::error!(
                error,
                "no block can stand on the tip, so this node does not mine; check this machine's clock"
            );
        }
    }

    fn make_template<S: ChainStore<Error: Display>>(
        &mut self,
        payout: PublicKey,
        net: &mut Net,
        chain: &Chain<S>,
        pool: &Mempool,
    ) {
        let room = chain.params().spec().block_size_limit.saturating_sub(limits::TEMPLATE_RESERVE);
        let chosen = pool.select(room);
        let (extra, now_ms) = (net.config.extra.clone(), net.now.unix_ms);
        let of = |transactions| chain.template_of(transactions, payout, &extra, now_ms);
        let block = match of(chosen) {
            Ok(block) => block,
            Err(ChainError::Store(error)) => return net.halt(&error.to_string()),
            Err(of_choice) => match of(Vec::new()) {
                Ok(block) => {
                    tracing::error!(error = %of_choice, "the mempool's choice makes no block, an empty one is mined");
                    block
                }
                Err(ChainError::Store(error)) => return net.halt(&error.to_string()),
                Err(error) => return self.wait_without_a_block(&error.to_string(), net),
            },
        };
        let id = JobId(self.next_job);
        self.next_job += 1;
        let header = block.header;
        let (generation, made) = (pool.generation(), net.now.monotonic);
        self.jobs.push_back(Job { id, block, generation, made, is_stale: false });
        if self.jobs.len() > limits::TEMPLATES {
            self.jobs.pop_front();
        }
        net.outputs.push_back(Output::Mine(MiningJob { id, header }));
    }

    /// Processes a nonce that was found, and returns the block.
    pub(super) fn on_mined(&mut self, id: JobId, nonce: u64, net: &mut Net) -> Option<IdentifiedBlock> {
        let Some(job) = self.jobs.iter().find(|job| job.id == id) else {
            net.emit(Event::StaleJob { job: id });
            return None;
        };
        let mut block = job.block.clone();
        block.header.nonce = nonce;
        let (bits, block) = (block.header.bits, IdentifiedBlock::from(block));
        if !bits.to_target().is_ok_and(|target| target.is_met_by(&block.hash())) {
            tracing::error!(hash = %block.hash(), nonce, "the search returned a nonce that does not meet its target");
            return None;
        }
        self.jobs.clear();
        self.not_before = net.now.monotonic + net.config.min_block_interval;
        net.outputs.push_back(Output::StopMining);
        Some(block)
    }

    /// Plans the publication of a found block. A slow node knows its block at once and publishes it late.
    pub(super) fn hold_back(&mut self, block: IdentifiedBlock, net: &Net) {
        self.held_back.push_back((net.now.monotonic + net.config.block_delay.min(limits::MAX_BLOCK_DELAY), block));
    }

    /// Lets no found block wait longer than until `latest`, and so none wait behind it.
    pub(super) fn hurry(&mut self, latest: Monotonic) {
        for (at, _) in &mut self.held_back {
            *at = latest.min(*at);
        }
    }

    /// Takes a block whose time to be published has come.
    pub(super) fn take_due(&mut self, now: Monotonic) -> Option<IdentifiedBlock> {
        self.held_back.pop_front_if(|(at, _)| *at <= now).map(|(_, block)| block)
    }
}

/// Returns by how much the clock is too early for any block on the tip; `None` if it is not.
fn clock_lacks<S: ChainStore>(net: &Net, chain: &Chain<S>) -> Option<Duration> {
    let earliest = chain.tip().time.saturating_add(1);
    let latest = net.now.unix_ms.saturating_add(chain.params().spec().max_future_ms);
    earliest.checked_sub(latest).filter(|lacks| *lacks > 0).map(Duration::from_millis)
}

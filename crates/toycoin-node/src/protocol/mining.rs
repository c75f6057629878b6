//! Mining: block templates go out, nonces come in.
//!
//! The search itself runs elsewhere; this module decides what to search and when. A new template is made when the tip
//! moves, when the mempool has changed, and at intervals for the time in its header.
//!
//! A block's time must be above its parent's (rule R12), and not too far ahead of now (rule R14). If the tip's time is
//! so far ahead that no time meets both rules, the node stops mining until the clock has come closer, and emits an
//! event.

use std::{collections::VecDeque, time::Duration};

use toycoin_core::{Block, Header, PublicKey, chain::ChainError, store::ChainStore};
use toycoin_wire::node::NodeMessage;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Event, JobId, MiningJob, NodeMachine, Output, pause::Pause},
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
    held_back: VecDeque<(Monotonic, Block)>,
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
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Returns when a block must be published or a template must be made.
    pub(super) fn mining_timeout(&self) -> Option<Monotonic> {
        let hand_out = self.mining.held_back.front().map(|(at, _)| *at);
        let at_first = Some(self.mining.not_before);
        let template = match self.mining.jobs.back() {
            Some(job) if job.generation != self.mempool.generation() => Some(job.made + limits::TEMPLATE_QUICK_REFRESH),
            Some(job) => Some(job.made + limits::TEMPLATE_REFRESH),
            None if !self.mining.enabled || self.net.config.payout.is_none() => None,
            // the next block or headers may end that sooner, but they are inputs
            None if self.busy => None,
            None => {
                let pause = self.mining.pause.until().map(|until| until.min(self.catching_up_until()));
                pause.or(self.mining.look_again).max(at_first)
            }
        };
        hand_out.into_iter().chain(template).min()
    }

    /// Starts, renews or stops the search, as the node's state requires.
    pub(super) fn refresh_mining(&mut self) {
        let now = self.net.now.monotonic;
        let payout = self.net.config.payout.filter(|_| self.mining.enabled && now >= self.mining.not_before);
        let is_behind = payout.is_some() && self.is_far_behind();
        // mining on a tip that is about to change would be in vain
        let waits = self.mining.pause.holds(now, is_behind) || self.busy || self.following.is_some();
        let Some(payout) = payout.filter(|_| !waits) else {
            self.mining.look_again = None;
            return self.stop_mining();
        };
        if let Some(wait) = self.clock_lacks() {
            return self.wait_for_clock(wait);
        }
        self.mining.look_again = None;
        let tip = self.chain.tip().hash;
        if self.mining.jobs.back().is_some_and(|job| job.block.header.previous != tip) {
            self.mining.jobs.clear();
        }
        let due = self.mining.jobs.back().is_none_or(|job| {
            let age = now.saturating_since(job.made);
            let changed = job.generation != self.mempool.generation();
            age >= limits::TEMPLATE_REFRESH || (changed && age >= limits::TEMPLATE_QUICK_REFRESH)
        });
        if due {
            self.make_template(payout);
        }
    }

    fn stop_mining(&mut self) {
        if self.mining.is_searching() {
            self.mining.jobs.clear();
            self.net.outputs.push_back(Output::StopMining);
        }
    }

    /// Returns by how much the clock is too early for any block on the tip; `None` if it is not.
    fn clock_lacks(&self) -> Option<Duration> {
        let earliest = self.chain.tip().time.saturating_add(1);
        let latest = self.net.now.unix_ms.saturating_add(self.chain.params().spec().max_future_ms);
        earliest.checked_sub(latest).filter(|lacks| *lacks > 0).map(Duration::from_millis)
    }

    /// Stops the search until the clock allows a block on the tip, because every other node would defer it.
    fn wait_for_clock(&mut self, wait: Duration) {
        let now = self.net.now.monotonic;
        self.stop_mining();
        // a corrected clock ends the wait sooner
        self.mining.look_again = Some(now + wait.min(limits::TEMPLATE_REFRESH));
        if self.mining.may_tell(now) {
            self.net.emit(Event::MiningWaits { wait });
        }
    }

    /// Stops the search while this machine's clock shows a time that no block can have (rule R13).
    fn wait_without_a_block(&mut self, error: &str) {
        let now = self.net.now.monotonic;
        self.stop_mining();
        self.mining.look_again = Some(now + limits::TEMPLATE_REFRESH);
        if self.mining.may_tell(now) {
            tracing::error!(
                error,
                "no block can stand on the tip, so this node does not mine; check this machine's clock"
            );
        }
    }

    fn make_template(&mut self, payout: PublicKey) {
        if !self.make_durable() {
            return;
        }
        let room = self.chain.params().spec().block_size_limit.saturating_sub(limits::TEMPLATE_RESERVE);
        let chosen = self.mempool.select(room);
        let (extra, now_ms) = (self.net.config.extra.clone(), self.net.now.unix_ms);
        let of = |transactions| self.chain.template_of(transactions, payout, &extra, now_ms);
        let block = match of(chosen) {
            Ok(block) => block,
            Err(ChainError::Store(error)) => return self.net.halt(&error.to_string()),
            Err(of_choice) => match of(Vec::new()) {
                Ok(block) => {
                    tracing::error!(error = %of_choice, "the mempool's choice makes no block, an empty one is mined");
                    block
                }
                Err(ChainError::Store(error)) => return self.net.halt(&error.to_string()),
                Err(error) => return self.wait_without_a_block(&error.to_string()),
            },
        };
        let id = JobId(self.mining.next_job);
        self.mining.next_job += 1;
        let header = block.header;
        let (generation, made) = (self.mempool.generation(), self.net.now.monotonic);
        self.mining.jobs.push_back(Job { id, block, generation, made });
        if self.mining.jobs.len() > limits::TEMPLATES {
            self.mining.jobs.pop_front();
        }
        self.net.outputs.push_back(Output::Mine(MiningJob { id, header }));
    }

    /// Processes a nonce that was found.
    pub(super) fn on_mined(&mut self, id: JobId, nonce: u64) {
        let Some(job) = self.mining.jobs.iter().find(|job| job.id == id) else {
            return self.net.emit(Event::StaleJob { job: id });
        };
        let mut block = job.block.clone();
        block.header.nonce = nonce;
        let Header { bits, .. } = block.header;
        let hash = block.hash();
        if !bits.to_target().is_ok_and(|target| target.is_met_by(&hash)) {
            return tracing::error!(%hash, nonce, "the search returned a nonce that does not meet its target");
        }
        self.mining.jobs.clear();
        self.mining.not_before = self.net.now.monotonic + self.net.config.min_block_interval;
        self.remember_own(hash);
        self.net.outputs.push_back(Output::StopMining);
        self.take_in_own(block);
    }

    /// Accepts a block of our own and plans its publication. A block with a timestamp in the future is not published
    /// before its time, because other nodes would defer it too.
    pub(super) fn take_in_own(&mut self, block: Block) {
        let (hash, height) = (block.hash(), block.header.height);
        self.take_in(None, block.clone());
        if self.chain.has_block(&hash) {
            self.net.emit(Event::BlockMined { hash, height });
            // a slow node knows its block at once and publishes it late
            let hand_out_at = self.net.now.monotonic + self.net.config.block_delay;
            self.mining.held_back.push_back((hand_out_at, block));
        }
    }

    /// Publishes the blocks whose time has come.
    pub(super) fn hand_out_blocks(&mut self) {
        let now = self.net.now.monotonic;
        while let Some((_, block)) = self.mining.held_back.pop_front_if(|(at, _)| *at <= now) {
            if !self.make_durable() {
                return;
            }
            let hash = block.hash();
            let had_no_room = self.net.broadcast(&NodeMessage::Block(block), |_| true);
            self.published(hash, &had_no_room);
        }
    }
}

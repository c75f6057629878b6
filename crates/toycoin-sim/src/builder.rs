//! Building a simulation.

use std::{cell::Cell, collections::BTreeMap, ops::Range, rc::Rc, time::Duration};

use toycoin_core::{ChainParams, Txid};
use toycoin_node::{limits, protocol::NodeMachine};

use crate::{
    adversary::{Mixed, Tactic, Tampering},
    dice::Dice,
    fault::{Fault, Scheduled},
    invariant::Invariants,
    link::Link,
    network::Network,
    node_spec::NodeSpec,
    participant::Participant,
    spending::{Spending, SpendingPattern},
    store::Disk,
    topology::Topology,
};

/// Which faults are drawn from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    Nothing,
    /// Those that there were when the first seeds of `tests/regressions.rs` were noted.
    #[cfg_attr(not(feature = "test-util"), allow(dead_code, reason = "only tests draw them"))]
    Early,
    Everything,
}

/// A network to be run.
pub struct Simulation {
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<NodeSpec>,
    pub(crate) topology: Topology,
    pub(crate) link: Link,
    pub(crate) spacing: Duration,
    pub(crate) params: Option<ChainParams>,
    pub(crate) payments_per_second: f64,
    pub(crate) faults: Vec<Scheduled>,
    pub(crate) random_faults: Drawn,
    pub(crate) settle: Option<Duration>,
    pub(crate) keep_trace: bool,
    pub(crate) censored: Option<Txid>,
    pub(crate) invariants: Invariants,
    pub(crate) boundless_relays: bool,
    /// The adversaries that were drawn, by the names of their tactics.
    pub(crate) tactics: BTreeMap<&'static str, u64>,
    /// Whether the run is over, and all are to agree.
    pub(crate) is_over: Rc<Cell<bool>>,
}

impl Simulation {
    /// Begins a simulation from a seed: with one node, one relay, `Link::wan()`, a block every two seconds, no payments
    /// and no faults.
    pub fn builder(seed: u64) -> Self {
        Self {
            seed,
            nodes: vec![NodeSpec::default()],
            topology: Topology::Relays(1),
            link: Link::wan(),
            spacing: Duration::from_secs(2),
            params: None,
            payments_per_second: 0.0,
            faults: Vec::new(),
            random_faults: Drawn::Nothing,
            settle: Some(Duration::from_secs(300)),
            keep_trace: false,
            censored: None,
            invariants: Invariants {
                callers: Vec::new(),
                mempool_bytes: limits::MEMPOOL_BYTES,
                queue_deliveries: limits::QUEUE_DELIVERIES,
            },
            boundless_relays: false,
            tactics: BTreeMap::new(),
            is_over: Rc::default(),
        }
    }

    /// Has so many nodes, numbered from 0.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes.resize_with(count, NodeSpec::default);
        self
    }

    /// Gives nodes their hash rates. They are shares: all together find a block each spacing at genesis difficulty; a
    /// node with none does not mine.
    #[must_use]
    pub fn hash_rates(mut self, rates: impl IntoIterator<Item = u32>) -> Self {
        for (node, rate) in self.nodes.iter_mut().zip(rates) {
            node.hash_rate = f64::from(rate);
        }
        self
    }

    /// Sets how nodes reach each other.
    #[must_use]
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// Sets what links are like.
    #[must_use]
    pub const fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Sets what one node's links are like.
    #[must_use]
    pub fn link_of(self, node: usize, link: Link) -> Self {
        self.change(node, |spec| spec.link = Some(link))
    }

    /// Has a node dial these of the relays of [`Topology::Relays`] alone.
    #[must_use]
    pub fn relays_of(self, node: usize, relays: impl IntoIterator<Item = usize>) -> Self {
        let relays = relays.into_iter().collect();
        self.change(node, |spec| spec.relays = Some(relays))
    }

    /// Sets how far a node's clock is ahead, for good.
    #[must_use]
    pub fn clock_offset(self, node: usize, offset_ms: i64) -> Self {
        self.change(node, |spec| spec.clock_offset_ms = offset_ms)
    }

    /// Sets with how many commits a node's store syncs though the node does not ask for it; 4 if nobody says.
    #[must_use]
    pub fn sync_every(self, node: usize, commits: u32) -> Self {
        self.change(node, |spec| spec.sync_every = commits)
    }

    /// Sets what a node's disk does when it is told to sync.
    #[must_use]
    pub fn disk(self, node: usize, disk: Disk) -> Self {
        self.change(node, |spec| spec.disk = disk)
    }

    /// Sets how the wallet at a node spends.
    #[must_use]
    pub fn spending(self, node: usize, spending: Spending) -> Self {
        self.change(node, |spec| spec.spending = spending)
    }

    /// Has a node judge by other rules, such as a sandbox's; its genesis must be the network's.
    #[must_use]
    pub fn rules_of(self, node: usize, rules: ChainParams) -> Self {
        self.change(node, |spec| spec.rules = Some(rules))
    }

    /// Breaks one behaviour of a node.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn planted(self, node: usize, bug: crate::Planted) -> Self {
        self.change(node, |spec| spec.planted = Some(bug))
    }

    /// Puts an adversary at a node's place: an honest machine whose messages a tactic tampers with.
    #[must_use]
    pub fn adversary(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, false, tactic)
    }

    /// As [`adversary`](Self::adversary), but the invariants believe that it is honest: a bug planted in a node.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn buggy(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, true, tactic)
    }

    /// Puts adversaries at the places of the last `count` nodes, each with a tactic drawn from the seed. Floods that are
    /// more than links carry end when the run does, before all are to agree.
    #[must_use]
    pub fn random_adversaries(self, count: usize) -> Self {
        self.drawn_adversaries(count, 2_000, Mixed::draw)
    }

    /// As [`random_adversaries`](Self::random_adversaries), from the tactics that there were when the first regressions
    /// were noted.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn early_adversaries(self, count: usize) -> Self {
        self.drawn_adversaries(count, 1_000, Mixed::draw_early)
    }

    fn drawn_adversaries(self, count: usize, stream: u64, draw: fn(usize, &mut Dice) -> Mixed) -> Self {
        let (seed, nodes) = (self.seed, self.nodes.len());
        (nodes.saturating_sub(count)..nodes).fold(self, |mut simulation, node| {
            let tactic = draw(node, &mut Dice::new(seed, stream + node as u64));
            *simulation.tactics.entry(tactic.name()).or_default() += 1;
            let is_over = Rc::clone(&simulation.is_over);
            simulation.adversary(node, tactic.until(is_over))
        })
    }

    /// Puts any participant at a node's place, made of the honest machine that would have stood there.
    #[must_use]
    pub fn participant<P: Participant + 'static>(
        self,
        node: usize,
        make: impl FnOnce(NodeMachine<crate::store::CrashStore>) -> P + 'static,
    ) -> Self {
        self.change(node, |spec| {
            spec.honest = false;
            spec.maker = Some(Box::new(|machine| Box::new(make(machine))));
        })
    }

    fn tampered(self, node: usize, honest: bool, tactic: impl Tactic + 'static) -> Self {
        let seed = self.seed;
        let mut simulation = self.participant(node, move |machine| {
            Tampering::new(machine, Box::new(tactic), Dice::new(seed, 100 + node as u64))
        });
        if let Some(spec) = simulation.nodes.get_mut(node) {
            spec.honest = honest;
        }
        simulation
    }

    /// Draws from the seed how the wallet at each node spends: singly more often than not, else in any other pattern.
    #[must_use]
    pub fn random_spending(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 7);
        for spec in &mut self.nodes {
            spec.spending = Spending::random(&mut dice);
        }
        self
    }

    /// Sets the lowest fee rate that a node's mempool takes, in grains per byte; 0 if nobody says.
    #[must_use]
    pub fn min_fee_rate(self, node: usize, grains_per_byte: u64) -> Self {
        self.change(node, |spec| spec.min_fee_rate = grains_per_byte)
    }

    /// Draws from the seed what nodes differ in by policy: the lowest fee rate of each, some wallets that spend many
    /// coins twice or make large blocks, and how long the relays' queues are.
    #[must_use]
    pub fn random_policies(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 9);
        for spec in &mut self.nodes {
            spec.min_fee_rate = if dice.chance(0.5) { 0 } else { 1 + dice.below(3) };
            match dice.below(12) {
                0 => spec.spending.pattern = SpendingPattern::Halves(2 + dice.index(20)),
                1 => {
                    spec.spending =
                        Spending { grains: 1_000..=1_000, pattern: SpendingPattern::Wide(400), fee_rates: 0..=3 }
                }
                _ => {}
            }
        }
        if dice.chance(0.2) {
            self.invariants.queue_deliveries = 8 << dice.below(4);
        }
        self
    }

    /// Draws from the seed what each node's links are like: most as across a continent, others far, uneven, lossy or narrow.
    #[must_use]
    pub fn random_links(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 10);
        for spec in &mut self.nodes {
            spec.link = Some(Link::random(&mut dice));
        }
        self
    }

    /// Sets the time between blocks that difficulty aims at.
    #[must_use]
    pub const fn spacing(mut self, spacing: Duration) -> Self {
        self.spacing = spacing;
        self
    }

    /// Sets the network's parameters; [`spec`](crate::spec) gives those to begin with.
    #[must_use]
    pub fn params(mut self, params: ChainParams) -> Self {
        self.params = Some(params);
        self
    }

    /// Has wallets pay each other: so often a second in all, at random times, it is one's turn.
    #[must_use]
    pub const fn payments_per_second(mut self, rate: f64) -> Self {
        self.payments_per_second = rate;
        self
    }

    /// Has something go wrong from one time to another.
    #[must_use]
    pub fn fault(mut self, during: Range<Duration>, fault: Fault) -> Self {
        self.faults.push(Scheduled { from: during.start, until: during.end, fault });
        self
    }

    /// Lets nothing pass between two groups for a time.
    #[must_use]
    pub fn partition(
        self,
        during: Range<Duration>,
        one: impl IntoIterator<Item = usize>,
        other: impl IntoIterator<Item = usize>,
    ) -> Self {
        let (one, other) = (one.into_iter().collect(), other.into_iter().collect());
        self.fault(during, Fault::Partition { one, other, one_way: false })
    }

    /// Draws faults from the seed, for [`run_for`](Self::run_for)'s time, and which third of the disks lie.
    #[must_use]
    pub const fn random_faults(mut self) -> Self {
        self.random_faults = Drawn::Everything;
        self
    }

    /// As [`random_faults`](Self::random_faults), from the faults that there were when the first regressions were noted.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn early_faults(mut self) -> Self {
        self.random_faults = Drawn::Early;
        self
    }

    /// Has relays drop a transaction wherever it is told.
    #[must_use]
    pub const fn censor(mut self, txid: Txid) -> Self {
        self.censored = Some(txid);
        self
    }

    /// Checks something after every event: an `Err` ends the run.
    #[must_use]
    pub fn invariant(mut self, name: &str, check: impl Fn(&Network) -> Result<(), String> + 'static) -> Self {
        self.invariants.callers.push((name.to_owned(), Box::new(check)));
        self
    }

    /// Sets the mempools' bound, in bytes by formula.
    #[must_use]
    pub const fn mempool_bytes(mut self, bytes: u64) -> Self {
        self.invariants.mempool_bytes = bytes;
        self
    }

    /// Sets how many deliveries wait in a relay for a connection at most.
    #[must_use]
    pub const fn queue_deliveries(mut self, count: usize) -> Self {
        self.invariants.queue_deliveries = count;
        self
    }

    /// Has relays keep every delivery, whatever their queues' bound.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn boundless_relays(mut self) -> Self {
        self.boundless_relays = true;
        self
    }

    /// Sets within which time all must agree once the run is over and all faults have ended; 300 s if nobody says.
    /// `None` does not ask for it.
    #[must_use]
    pub const fn settles_within(mut self, time: Option<Duration>) -> Self {
        self.settle = time;
        self
    }

    /// Keeps the trace's lines.
    #[must_use]
    pub const fn keep_trace(mut self) -> Self {
        self.keep_trace = true;
        self
    }

    fn change(mut self, node: usize, change: impl FnOnce(&mut NodeSpec)) -> Self {
        if let Some(spec) = self.nodes.get_mut(node) {
            change(spec);
        }
        self
    }
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

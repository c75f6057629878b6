//! Building a simulation.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use toycoin_core::{ChainParams, Txid, chain::Chain};
use toycoin_node::{limits, protocol::NodeMachine};

use crate::{
    adversary::{Tactic, Tampering},
    dice::{Dice, FAR},
    fault::{Fault, Scheduled, draw},
    link::Link,
    network::{DiceSet, Network, Site, queue::Queue, relay_site},
    params::{GENESIS_HASHES, params},
    participant::Participant,
    report::{Run, Statistics, Violation},
    trace::Trace,
};

/// How the nodes reach each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// Every node is connected to each of so many relays.
    Relays(usize),
    /// Pairs of nodes that are connected directly: each by a relay of its own, on which nobody else is.
    Direct(Vec<(usize, usize)>),
}

impl Topology {
    /// Returns direct links in a ring.
    pub fn ring(nodes: usize) -> Self {
        Self::Direct((0..nodes).map(|node| (node, (node + 1) % nodes)).collect())
    }
}

/// An invariant of the caller's.
pub(crate) type Check = Box<dyn Fn(&Network) -> Result<(), String>>;
/// Makes a participant on the network; it takes an honest node's machine, to wrap or to drop.
type Maker = Box<dyn FnOnce(NodeMachine<crate::store::CrashStore>) -> Box<dyn Participant>>;

/// What is checked beside the built-in invariants, and its bounds.
pub(crate) struct Invariants {
    pub(crate) callers: Vec<(String, Check)>,
    pub(crate) mempool_bytes: usize,
}

/// One behaviour broken on purpose, to show that an invariant notices.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The store does not write what a block does to the coins.
    ForgetsCoins,
    /// A crash loses the earlier half of the writes, and keeps the later.
    TearsWrites,
    /// The machine is not woken while it has something to do.
    SleepsWithWorkToDo,
}

/// A node as the builder knows it.
pub(crate) struct NodeSpec {
    pub(crate) hash_rate: f64,
    pub(crate) clock_offset_ms: i64,
    pub(crate) sync_every: u32,
    pub(crate) link: Option<Link>,
    pub(crate) rules: Option<ChainParams>,
    pub(crate) honest: bool,
    pub(crate) planted: Option<Planted>,
    maker: Option<Maker>,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self {
            hash_rate: 1.0,
            clock_offset_ms: 0,
            sync_every: 4,
            link: None,
            rules: None,
            honest: true,
            planted: None,
            maker: None,
        }
    }
}

/// A network to be run.
pub struct Simulation {
    seed: u64,
    nodes: Vec<NodeSpec>,
    topology: Topology,
    link: Link,
    spacing: Duration,
    params: Option<ChainParams>,
    payments_per_second: f64,
    faults: Vec<Scheduled>,
    random_faults: bool,
    settle: Option<Duration>,
    keep_trace: bool,
    censored: Option<Txid>,
    invariants: Invariants,
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
            random_faults: false,
            settle: Some(Duration::from_secs(300)),
            keep_trace: false,
            censored: None,
            invariants: Invariants {
                callers: Vec::new(),
                mempool_bytes: usize::try_from(limits::MEMPOOL_BYTES).unwrap_or(usize::MAX),
            },
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

    /// Sets how far a node's clock is ahead, for good.
    #[must_use]
    pub fn clock_offset(self, node: usize, offset_ms: i64) -> Self {
        self.change(node, |spec| spec.clock_offset_ms = offset_ms)
    }

    /// Sets with how many commits a node's store syncs; 4 if nobody says.
    #[must_use]
    pub fn sync_every(self, node: usize, commits: u32) -> Self {
        self.change(node, |spec| spec.sync_every = commits)
    }

    /// Has a node judge by other rules, such as a sandbox's; its genesis must be the network's.
    #[must_use]
    pub fn rules_of(self, node: usize, rules: ChainParams) -> Self {
        self.change(node, |spec| spec.rules = Some(rules))
    }

    /// Breaks one behaviour of a node.
    #[doc(hidden)]
    #[must_use]
    pub fn planted(self, node: usize, bug: Planted) -> Self {
        self.change(node, |spec| spec.planted = Some(bug))
    }

    /// Puts an adversary at a node's place: an honest machine whose messages a tactic tampers with.
    #[must_use]
    pub fn adversary(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, false, tactic)
    }

    /// As [`adversary`](Self::adversary), but the invariants believe that it is honest: a bug planted in a node.
    #[doc(hidden)]
    #[must_use]
    pub fn buggy(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, true, tactic)
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

    /// Has wallets pay each other: so many payments a second in all, at random times.
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

    /// Draws faults from the seed, for [`run_for`](Self::run_for)'s time.
    #[must_use]
    pub const fn random_faults(mut self) -> Self {
        self.random_faults = true;
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

    /// Sets the mempools' bound that is checked, in bytes by formula.
    #[must_use]
    pub const fn mempool_bound(mut self, bytes: usize) -> Self {
        self.invariants.mempool_bytes = bytes;
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

    /// Runs for a virtual time, and then until all agree.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn run_for(mut self, time: Duration) -> Result<Run, Violation> {
        if self.random_faults {
            let relays = self.relay_count();
            self.faults.extend(draw(&mut Dice::new(self.seed, 5), self.nodes.len(), relays, time));
        }
        self.run_until(move |network| network.now() >= time)
    }

    /// Runs until a condition holds and the last fault has ended, and then until all agree.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn run_until(self, done: impl Fn(&Network) -> bool) -> Result<Run, Violation> {
        let (seed, settle) = (self.seed, self.settle);
        let mut network = self.build();
        let result = run(&mut network, settle, done);
        result.map_err(|violation| Violation { seed, lines: network.trace.lines().map(str::to_owned), ..violation })?;
        Ok(Run::of(seed, network))
    }

    fn relay_count(&self) -> usize {
        match &self.topology {
            Topology::Relays(count) => *count,
            Topology::Direct(pairs) => pairs.len(),
        }
    }

    fn change(mut self, node: usize, change: impl FnOnce(&mut NodeSpec)) -> Self {
        if let Some(spec) = self.nodes.get_mut(node) {
            change(spec);
        }
        self
    }

    fn build(self) -> Network {
        let params = self.params.clone().unwrap_or_else(|| params(self.nodes.len(), self.spacing));
        let shares: f64 = self.nodes.iter().map(|node| node.hash_rate).sum();
        let relays_of = |node: usize| match &self.topology {
            Topology::Relays(count) => (0..*count).collect(),
            Topology::Direct(pairs) => {
                (0..).zip(pairs).filter(|(_, (one, other))| *one == node || *other == node).map(|(at, _)| at).collect()
            }
        };
        let sites = self.nodes.iter().enumerate();
        let sites = sites.map(|(node, spec)| Site::new(node, spec, &params, self.link, relays_of(node))).collect();
        let relays = (0..self.relay_count()).map(|_| relay_site()).collect();
        let dice = |stream| Dice::new(self.seed, stream);
        let mut network = Network {
            now: Duration::ZERO,
            queue: Queue::default(),
            dice: DiceSet { links: dice(1), mining: dice(2), payments: dice(3), troubles: dice(4) },
            nodes: sites,
            relays,
            wires: BTreeMap::new(),
            connections: 0,
            owners: BTreeMap::new(),
            blocked: BTreeMap::new(),
            censored: self.censored,
            faults: self.faults,
            injected: BTreeMap::new(),
            active_faults: 0,
            trace: Trace::new(self.keep_trace),
            verifier: Arc::default(),
            archive: BTreeMap::new(),
            by_work: Default::default(),
            mined_at: BTreeMap::new(),
            payments: Default::default(),
            statistics: Statistics::default(),
            invariants: self.invariants,
            violation: None,
            hashes_a_share: GENESIS_HASHES / self.spacing.as_secs_f64() / shares.max(1e-9),
            requests: 0,
            params,
        };
        network.plan_faults();
        if self.payments_per_second > 0.0 {
            network.payments.mean = Duration::from_secs_f64(1.0 / self.payments_per_second);
            network.payments.until = FAR;
            network.plan_payment();
        }
        let late: Vec<_> = network.faults.iter().filter_map(late_joiner).collect();
        for (node, spec) in self.nodes.into_iter().enumerate() {
            match spec.maker {
                Some(make) => {
                    let site = &mut network.nodes[node];
                    let store = site.disk.take().unwrap_or_default();
                    let Ok(chain) = Chain::open(site.params.clone(), store) else { continue };
                    let mut config = site.config.clone();
                    config.seed = network.dice.links.bytes();
                    let chain = chain.with_verifier(network.verifier.clone());
                    let machine = NodeMachine::new(chain, config, network.moment_of(node));
                    network.nodes[node].machine = Some(make(machine));
                    network.after_start(node);
                }
                None if late.contains(&node) => {}
                None => network.start(node),
            }
        }
        network
    }
}

fn late_joiner(scheduled: &Scheduled) -> Option<usize> {
    match scheduled.fault {
        Fault::LateJoin { node } if scheduled.from == Duration::ZERO => Some(node),
        _ => None,
    }
}

fn run(network: &mut Network, settle: Option<Duration>, done: impl Fn(&Network) -> bool) -> Result<(), Violation> {
    while network.violation.is_none() && (network.active_faults > 0 || !done(network)) {
        network.step();
    }
    network.payments.until = Duration::ZERO;
    if let Some(settle) = settle {
        let end = network.now + settle;
        let is_settled = |network: &Network| network.agrees() && network.unsettled().next().is_none();
        while network.violation.is_none() && !is_settled(network) {
            if network.now >= end {
                let heights: Vec<_> = network.chains().map(|(node, chain)| (node, chain.height())).collect();
                let lost = network.unsettled().next();
                let lost = lost.map(|(txid, paid)| {
                    let (by, at) = (paid.by, paid.at);
                    format!("payment {txid} of node {by}, made at {at:?}, is neither confirmed nor dropped")
                });
                match lost {
                    _ if !network.agrees() => {
                        network.violate("convergence", None, format!("no common tip in {settle:?}: {heights:?}"));
                    }
                    Some(what) => network.violate("payments", None, what),
                    None => {}
                }
                break;
            }
            network.step();
        }
    }
    for node in 0..network.nodes.len() {
        if network.violation.is_none() && network.nodes[node].honest {
            network.check_coins(node);
        }
    }
    match network.violation.take() {
        Some(violation) => Err(violation),
        None => Ok(()),
    }
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

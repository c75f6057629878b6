//! Builder of a simulation.

use std::{cell::Cell, collections::BTreeMap, ops::Range, rc::Rc, time::Duration};

use toycoin_core::{ChainParams, Header, Txid};
use toycoin_node::{limits, protocol::NodeMachine};

use crate::{
    adversary::{Mixed, Tactic, Tampering},
    dice::Dice,
    fault::{Fault, Scheduled},
    invariant::{Invariants, Watch},
    link::Link,
    network::Network,
    node_spec::{NodeSpec, TieBreaking},
    participant::Participant,
    relay_tactic::RelayTactic,
    spending::{Spending, SpendingPattern},
    store::Disk,
    topology::Topology,
};

/// Set of faults that the seed draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    Nothing,
    /// The kinds of faults that existed when the first seeds of `tests/regressions.rs` were recorded.
    #[cfg_attr(not(feature = "test-util"), allow(dead_code, reason = "only tests draw them"))]
    Early,
    Everything,
}

/// Description of a network to simulate.
pub struct Simulation {
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<NodeSpec>,
    pub(crate) topology: Topology,
    pub(crate) link: Link,
    pub(crate) spacing: Duration,
    pub(crate) params: Option<ChainParams>,
    pub(crate) payments_per_second: f64,
    /// Number of the first nodes whose wallets have coins and pay; `None` means all.
    pub(crate) wallets: Option<usize>,
    pub(crate) faults: Vec<Scheduled>,
    pub(crate) random_faults: Drawn,
    pub(crate) settle: Option<Duration>,
    pub(crate) keep_trace: bool,
    pub(crate) keep_fates: bool,
    pub(crate) relay_tactics: Vec<(usize, Box<dyn RelayTactic>)>,
    pub(crate) censored: Option<Txid>,
    pub(crate) invariants: Invariants<Network>,
    pub(crate) boundless_relays: bool,
    /// Whether nodes share what they decoded.
    pub(crate) shares_decoded: bool,
    /// Number of drawn adversaries by the name of their tactic.
    pub(crate) tactics: BTreeMap<&'static str, u64>,
    /// Whether the run is over, so that all honest nodes must agree on one tip.
    pub(crate) is_over: Rc<Cell<bool>>,
}

impl Simulation {
    /// Returns a simulation of one node and one relay, drawn from `seed`. It has `Link::wan()` links, a block every 2
    /// seconds, no payments and no faults.
    pub fn builder(seed: u64) -> Self {
        Self {
            seed,
            nodes: vec![NodeSpec::default()],
            topology: Topology::Relays(1),
            link: Link::wan(),
            spacing: Duration::from_secs(2),
            params: None,
            payments_per_second: 0.0,
            wallets: None,
            faults: Vec::new(),
            random_faults: Drawn::Nothing,
            settle: Some(Duration::from_secs(300)),
            keep_trace: false,
            keep_fates: false,
            relay_tactics: Vec::new(),
            censored: None,
            invariants: Invariants {
                callers: Vec::new(),
                watch: Watch::Every,
                mempool_bytes: limits::MEMPOOL_BYTES,
                queue_deliveries: limits::QUEUE_DELIVERIES,
            },
            boundless_relays: false,
            shares_decoded: true,
            tactics: BTreeMap::new(),
            is_over: Rc::default(),
        }
    }

    /// Sets the number of nodes; their indices start at 0.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        let lights = self.nodes.extract_if(.., |spec| spec.light).count();
        self.nodes.resize_with(count, NodeSpec::default);
        self.light_clients(lights)
    }

    /// Adds light clients, whose indices follow those of the nodes: methods that take a node's index take theirs too.
    /// Each watches the key of its own wallet, to which others pay. On a mesh they dial, and nobody dials them.
    #[must_use]
    pub fn light_clients(mut self, count: usize) -> Self {
        self.nodes.extend(std::iter::repeat_with(NodeSpec::light).take(count));
        self
    }

    /// Sets the hash rate of each node, starting with node 0.
    ///
    /// Hash rates are shares: all nodes together find one block per spacing at genesis difficulty. A node with the rate
    /// 0 does not mine.
    #[must_use]
    pub fn hash_rates(mut self, rates: impl IntoIterator<Item = u32>) -> Self {
        for (node, rate) in self.nodes.iter_mut().filter(|spec| !spec.light).zip(rates) {
            node.hash_rate = f64::from(rate);
        }
        self
    }

    /// Multiplies a node's hash rate by factors, each from its virtual time until the next one.
    #[must_use]
    pub fn hash_plan(self, node: usize, plan: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let plan = plan.into_iter().collect();
        self.change(node, |spec| spec.hash_plan = plan)
    }

    /// Makes a node search only for blocks whose header fulfils a condition, such as an easy target. It asks for each
    /// new template.
    #[must_use]
    pub fn mines_when(self, node: usize, when: impl Fn(&Header) -> bool + 'static) -> Self {
        self.change(node, |spec| spec.mines_when = Some(Rc::new(when)))
    }

    /// Sets how the nodes reach each other.
    #[must_use]
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// Sets the default properties of every node's links.
    #[must_use]
    pub const fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Sets the properties of one node's links.
    #[must_use]
    pub fn link_of(self, node: usize, link: Link) -> Self {
        self.change(node, |spec| spec.link = Some(link))
    }

    /// Limits a node to these relays of [`Topology::Relays`]; it dials no other.
    #[must_use]
    pub fn relays_of(self, node: usize, relays: impl IntoIterator<Item = usize>) -> Self {
        let relays = relays.into_iter().collect();
        self.change(node, |spec| spec.relays = Some(relays))
    }

    /// Gives a node the address of an earlier one on [`Topology::Mesh`], instead of one that is drawn.
    #[must_use]
    pub fn knows(self, node: usize, earlier: usize) -> Self {
        self.change(node, |spec| spec.knows = Some(earlier))
    }

    /// Sets by how many milliseconds a node's clock is ahead, for the whole run; a negative number means behind.
    #[must_use]
    pub fn clock_offset(self, node: usize, offset_ms: i64) -> Self {
        self.change(node, |spec| spec.clock_offset_ms = offset_ms)
    }

    /// Sets after how many commits a node's store syncs although the node did not ask for it; the default is 4.
    #[must_use]
    pub fn sync_every(self, node: usize, commits: u32) -> Self {
        self.change(node, |spec| spec.sync_every = commits)
    }

    /// Sets what a node's disk does when the store asks it to sync.
    #[must_use]
    pub fn disk(self, node: usize, disk: Disk) -> Self {
        self.change(node, |spec| spec.disk = disk)
    }

    /// Sets how a node's wallet spends.
    #[must_use]
    pub fn spending(self, node: usize, spending: Spending) -> Self {
        self.change(node, |spec| spec.spending = spending)
    }

    /// Makes a node draw lots between branches of equal work, each with probability 1/2, instead of keeping the one that
    /// it saw first. The seed draws its secret.
    #[must_use]
    pub fn random_ties(self, node: usize) -> Self {
        let secret = Dice::new(self.seed, 4_000 + node as u64).below(u64::MAX);
        self.change(node, |spec| spec.ties = TieBreaking::Lots(secret))
    }

    /// Makes a node choose, between branches of equal work, the one that leaves more fees, as petty compliant miners
    /// do. It keeps its own blocks.
    #[must_use]
    pub fn richer_ties(self, node: usize) -> Self {
        self.change(node, |spec| spec.ties = TieBreaking::Richer)
    }

    /// Makes a node validate by other rules, such as a sandbox's; its genesis must be the network's.
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

    /// Makes a node an adversary: an honest machine whose messages a tactic tampers with.
    #[must_use]
    pub fn adversary(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, false, tactic)
    }

    /// Same as [`adversary`](Self::adversary), but the invariants treat the node as honest. This plants a bug in a
    /// node.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn buggy(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, true, tactic)
    }

    /// Makes the last `count` nodes adversaries, each with a tactic drawn from the seed.
    ///
    /// Floods that exceed a link's bandwidth end with the run, before all honest nodes must agree.
    #[must_use]
    pub fn random_adversaries(self, count: usize) -> Self {
        self.drawn_adversaries(count, 2_000, Mixed::draw)
    }

    /// Same as [`random_adversaries`](Self::random_adversaries), but draws only tactics that existed when the first
    /// regressions were recorded.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn early_adversaries(self, count: usize) -> Self {
        self.drawn_adversaries(count, 1_000, Mixed::draw_early)
    }

    fn drawn_adversaries(self, count: usize, stream: u64, draw: fn(usize, &mut Dice) -> Mixed) -> Self {
        let (seed, nodes) = (self.seed, self.nodes.iter().filter(|spec| !spec.light).count());
        (nodes.saturating_sub(count)..nodes).fold(self, |mut simulation, node| {
            let tactic = draw(node, &mut Dice::new(seed, stream + node as u64));
            *simulation.tactics.entry(tactic.name()).or_default() += 1;
            let is_over = Rc::clone(&simulation.is_over);
            simulation.adversary(node, tactic.until(is_over))
        })
    }

    /// Replaces a node with any participant; `make` builds it from the honest machine of that node.
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
            Tampering::new(node, machine, Box::new(tactic), Dice::new(seed, 100 + node as u64))
        });
        if let Some(spec) = simulation.nodes.get_mut(node) {
            spec.honest = honest;
        }
        simulation
    }

    /// Draws each wallet's spending pattern from the seed. More than half of the wallets make single payments.
    #[must_use]
    pub fn random_spending(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 7);
        for spec in &mut self.nodes {
            spec.spending = Spending::random(&mut dice);
        }
        self
    }

    /// Sets the lowest fee rate that a node's mempool accepts, in grains per byte; the default is 0.
    #[must_use]
    pub fn min_fee_rate(self, node: usize, grains_per_byte: u64) -> Self {
        self.change(node, |spec| spec.min_fee_rate = grains_per_byte)
    }

    /// Draws policies from the seed: each node's lowest fee rate, and the length of the relays' queues. A few wallets
    /// double spend many coins or make large blocks.
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

    /// Draws each node's links from the seed: most span a continent, others are far, uneven, lossy or narrow.
    #[must_use]
    pub fn random_links(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 10);
        for spec in &mut self.nodes {
            spec.link = Some(Link::random(&mut dice));
        }
        self
    }

    /// Sets the block spacing that the difficulty adjustment aims at.
    #[must_use]
    pub const fn spacing(mut self, spacing: Duration) -> Self {
        self.spacing = spacing;
        self
    }

    /// Sets the network's parameters; [`spec`](crate::spec) returns the default ones as a starting point.
    #[must_use]
    pub fn params(mut self, params: ChainParams) -> Self {
        self.params = Some(params);
        self
    }

    /// Makes wallets pay each other: `rate` times per second on average, at random times, a randomly drawn wallet
    /// spends.
    #[must_use]
    pub const fn payments_per_second(mut self, rate: f64) -> Self {
        self.payments_per_second = rate;
        self
    }

    /// Gives coins of genesis to the wallets of the first `count` nodes alone, which then pay each other. By default all
    /// nodes do; a genesis block has room for the coins of about 1,000.
    #[must_use]
    pub const fn wallets(mut self, count: usize) -> Self {
        self.wallets = Some(count);
        self
    }

    /// Adds a fault that lasts from one virtual time to another. A run of a mesh with a fault of relays
    /// ([`FaultKind::needs_relays`](crate::FaultKind::needs_relays)) ends at once with an error.
    #[must_use]
    pub fn fault(mut self, during: Range<Duration>, fault: Fault) -> Self {
        self.faults.push(Scheduled { from: during.start, until: during.end, fault });
        self
    }

    /// Adds a partition: nothing passes between two groups of nodes for a time.
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

    /// Draws faults from the seed for the time of [`run_for`](Self::run_for); each disk lies with a probability of one
    /// third.
    #[must_use]
    pub const fn random_faults(mut self) -> Self {
        self.random_faults = Drawn::Everything;
        self
    }

    /// Same as [`random_faults`](Self::random_faults), but draws only faults that existed when the first regressions
    /// were recorded.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn early_faults(mut self) -> Self {
        self.random_faults = Drawn::Early;
        self
    }

    /// Makes all relays drop a transaction that is sent by itself; blocks that contain it still pass. A mesh has no
    /// relays: its run ends at once with an error.
    #[must_use]
    pub const fn censor(mut self, txid: Txid) -> Self {
        self.censored = Some(txid);
        self
    }

    /// Adds an invariant of the caller, checked after every event; an `Err` ends the run.
    #[must_use]
    pub fn invariant(mut self, name: &str, check: impl Fn(&Network) -> Result<(), String> + 'static) -> Self {
        self.invariants.callers.push((name.to_owned(), Box::new(check)));
        self
    }

    /// Sets how often the invariants are checked; the default is [`Watch::Every`].
    #[must_use]
    pub const fn watch(mut self, watch: Watch) -> Self {
        self.invariants.watch = watch;
        self
    }

    /// Sets the limit of every mempool, in bytes by formula.
    #[must_use]
    pub const fn mempool_bytes(mut self, bytes: u64) -> Self {
        self.invariants.mempool_bytes = bytes;
        self
    }

    /// Sets the most deliveries that a relay queues per connection.
    #[must_use]
    pub const fn queue_deliveries(mut self, count: usize) -> Self {
        self.invariants.queue_deliveries = count;
        self
    }

    /// Makes relays keep every delivery, without a limit on their queues.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn boundless_relays(mut self) -> Self {
        self.boundless_relays = true;
        self
    }

    /// Makes each node decode every transaction by itself. The run is the same, but slower.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn decode_apart(mut self) -> Self {
        self.shares_decoded = false;
        self
    }

    /// Sets the time in which all honest nodes must agree once the run is over and all faults have ended.
    ///
    /// The default is 300 s. `None` turns the check off.
    #[must_use]
    pub const fn settles_within(mut self, time: Option<Duration>) -> Self {
        self.settle = time;
        self
    }

    /// Makes a relay lie. A topology that has no such relay ignores it.
    #[must_use]
    pub fn relay_tactic(mut self, relay: usize, tactic: impl RelayTactic + 'static) -> Self {
        self.relay_tactics.push((relay, Box::new(tactic)));
        self
    }

    /// Keeps what becomes of each found block, for [`Network::block_fates`].
    #[must_use]
    pub const fn keep_fates(mut self) -> Self {
        self.keep_fates = true;
        self
    }

    /// Keeps the lines of the trace, not only their hash.
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

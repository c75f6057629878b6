//! Builder of a simulation.

use std::{cell::Cell, collections::BTreeMap, ops::Range, rc::Rc, time::Duration};

use toycoin_core::{ChainParams, Txid};
use toycoin_node::limits;

use crate::{
    fault::{Fault, Scheduled},
    invariant::{Invariants, Watch},
    link::Link,
    network::Network,
    node_spec::NodeSpec,
    relay_tactic::RelayTactic,
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
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

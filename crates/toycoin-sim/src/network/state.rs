//! The state of a running network: its nodes and relays, messages in transit, and results so far.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasherDefault, DefaultHasher},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use toycoin_core::{BlockHash, ChainParams, CheckedBlock, Txid, Work, chain::Chain, state::Deltas};
use toycoin_node::{
    machine::{Monotonic, Now},
    protocol::{DecodedTransactions, Input, NodeMachine, RequestId, Response},
    relay::{RelayConfig, RelayInput},
};
use toycoin_wire::NodeId;

use crate::{
    dice::Dice,
    fault::{FaultKind, Scheduled},
    genesis::Genesis,
    invariant::Invariants,
    link::Link,
    network::{
        fates::Fates,
        mesh::Mesh,
        payments::Payments,
        queue::{Happening, Queue},
        relay_site::RelaySite,
        seen::Observer,
        sim_node::SimNode,
        traffic::Traffic,
        wire_table::WireTable,
    },
    params::{GENESIS_TIME, PAST},
    report::{Statistics, Violation},
    store::CrashStore,
    trace::Trace,
    verifier::MemoVerifier,
};

/// A network of nodes and relays under virtual time.
pub struct Network {
    pub(crate) params: ChainParams,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) now: Duration,
    pub(crate) queue: Queue,
    pub(crate) dice: DiceSet,
    pub(crate) nodes: Vec<SimNode>,
    pub(crate) relays: Vec<RelaySite>,
    pub(crate) relay_config: RelayConfig,
    pub(crate) wires: WireTable,
    pub(crate) connections: u64,
    pub(crate) mesh: Mesh,
    /// The links of a graph's edges, by relay; none for other topologies.
    pub(crate) edges: Vec<Link>,
    /// The node that uses, or used, each node id.
    pub(crate) owners: Owners,
    /// Number of active partitions that block messages from one node to another.
    pub(crate) blocked: BTreeMap<(usize, usize), u32>,
    /// Number of active eclipses of each node that has one.
    pub(crate) eclipsed: BTreeMap<usize, u32>,
    pub(crate) censored: Option<Txid>,
    pub(crate) faults: Vec<Scheduled>,
    /// Number of faults that were planned before the run; a caller began those after them.
    pub(crate) planned_faults: usize,
    pub(crate) injected: BTreeMap<FaultKind, u64>,
    pub(crate) active_faults: usize,
    /// The faults that a caller began, and that last until it ends them.
    pub(crate) begun: BTreeSet<usize>,
    pub(crate) tactics: BTreeMap<&'static str, u64>,
    pub(crate) is_over: Rc<Cell<bool>>,
    pub(crate) trace: Trace,
    pub(crate) verifier: Arc<MemoVerifier>,
    /// Changes of the UTXO hash by transactions, for all nodes that enforce every rule.
    pub(crate) deltas: Deltas,
    /// Transactions that a node decoded, for all nodes.
    pub(crate) decoded: Option<DecodedTransactions>,
    /// Every block that an honest node considered valid.
    pub(crate) archive: BTreeMap<BlockHash, Arc<CheckedBlock>>,
    /// Tips whose state root was recomputed.
    pub(crate) audited: BTreeSet<BlockHash>,
    /// Blocks of the archive by the work of their chains, to check the fork choice.
    pub(crate) by_work: BTreeSet<(Work, BlockHash)>,
    pub(crate) fates: Fates,
    pub(crate) mined_at: BTreeMap<BlockHash, (Duration, usize)>,
    pub(crate) payments: Payments,
    pub(crate) traffic: Traffic,
    pub(crate) statistics: Statistics,
    pub(crate) invariants: Invariants<Self>,
    pub(crate) violation: Option<Violation>,
    /// Hashes per second that a hash rate of 1 stands for.
    pub(crate) hashes_a_share: f64,
    /// Highest hash rate of all nodes together to which a caller may raise it.
    pub(crate) max_hash_rate: f64,
    /// The node whose search finds a block at this moment.
    pub(crate) finds: Option<usize>,
    pub(crate) requests: u64,
    /// The request of a caller that is being answered, and its answer.
    pub(crate) outside: (Option<RequestId>, Option<Response>),
    pub(crate) seed: u64,
    /// Time in which all honest nodes must agree at the end; `None` if they need not.
    pub(crate) settle: Option<Duration>,
    /// Usual properties of a link, for nodes that are added.
    pub(crate) link: Link,
    /// Whether a new node finds the others: nodes meet on relays or by their addresses, and are not linked in pairs.
    pub(crate) may_grow: bool,
    pub(crate) observer: Option<Observer>,
}

impl Network {
    /// Returns the virtual time since the beginning of the run.
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// Returns the present Unix time in milliseconds, as clocks show it that are right.
    pub fn unix_ms(&self) -> u64 {
        self.moment().unix_ms
    }

    /// Returns the lowest height among the honest nodes that are up; 0 if none is.
    pub fn height(&self) -> u64 {
        self.chains().map(|(_, chain)| chain.height()).min().unwrap_or(0)
    }

    /// Returns the chain of each honest node that is up.
    pub fn chains(&self) -> impl Iterator<Item = (usize, &Chain<CrashStore>)> {
        let honest = self.nodes.iter().enumerate().filter(|(_, site)| site.honest);
        honest.filter_map(|(node, site)| Some((node, site.machine.as_ref()?.node()?.chain())))
    }

    /// Returns a node's machine, if the node is up and its participant contains one.
    pub fn node(&self, node: usize) -> Option<&NodeMachine<CrashStore>> {
        self.nodes.get(node)?.machine.as_ref()?.node()
    }

    /// Returns the number of nodes, light clients included.
    pub const fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the set hash rate of a node, a share as in [`hash_rates`](crate::Simulation::hash_rates), without bursts
    /// and plans; 0 if there is no such node.
    pub fn hash_rate(&self, node: usize) -> f64 {
        self.nodes.get(node).map_or(0.0, |site| site.hash_rate)
    }

    /// Returns whether a node is an adversary: neither an honest full node nor a light client.
    pub fn is_adversary(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(SimNode::is_adversary)
    }

    /// Returns whether all honest nodes are up and have the same tip.
    pub fn agrees(&self) -> bool {
        self.first_that_differs(None).is_none()
    }

    /// Returns an honest node that is down or has another tip than the first one: that of an earlier answer if it still
    /// is one, because looking at one node is quicker than at all.
    pub(crate) fn first_that_differs(&self, before: Option<usize>) -> Option<usize> {
        let tip = |node: usize| Some(self.node(node)?.chain().tip().hash);
        let mut honest = (0..self.nodes.len()).filter(|node| self.nodes[*node].honest);
        let first = honest.next()?;
        let common = tip(first);
        let differs = |node: &usize| common.is_none() || tip(*node) != common;
        before.filter(differs).or_else(|| differs(&first).then_some(first)).or_else(|| honest.find(differs))
    }

    /// Returns how many faults are active or still to come.
    pub const fn faults_left(&self) -> usize {
        self.active_faults
    }

    /// Returns the counters so far.
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Returns the trace so far.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Processes the next event of the queue.
    pub(crate) fn step(&mut self) {
        let Some((at, happening)) = self.queue.pop() else { return };
        self.now = self.now.max(at);
        self.statistics.events += 1;
        match happening {
            Happening::Dial { node, slot } => self.dial(node, slot),
            Happening::Up { connection, bytes } => self.arrive_up(connection, &bytes),
            Happening::Down { connection, bytes } => self.arrive_down(connection, &bytes),
            Happening::Written { connection } => self.wrote(connection),
            Happening::Cut { connection } => self.cut(connection),
            Happening::Pull { connection } => self.pull_again(connection),
            Happening::WakeNode { node } => {
                self.nodes[node].wake = None;
                self.node_input(node, Input::Timeout);
            }
            Happening::WakeRelay { relay } => {
                self.relays[relay].wake = None;
                self.relay_input(relay, RelayInput::Timeout);
            }
            Happening::Found { node, job } => self.found(node, job),
            Happening::NewHashRate { node } => self.search_again(node),
            Happening::SayLagged { node } => self.say_lagged(node),
            Happening::Mesh(happening) => self.mesh_step(*happening),
            Happening::Pay => self.pay_at_random(),
            Happening::Repeat { node } => self.repeat(node),
            Happening::Begin { fault } => self.begin_fault(fault),
            Happening::End { fault } => self.end_fault(fault),
        }
    }

    /// Returns the current time as relays see it.
    pub(crate) fn moment(&self) -> Now {
        let since = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::new(self.now), unix_ms: GENESIS_TIME + PAST + since }
    }

    /// Returns the current time as a node's clock shows it.
    pub(crate) fn moment_of(&self, node: usize) -> Now {
        let now = self.moment();
        Now { unix_ms: now.unix_ms.saturating_add_signed(self.nodes[node].clock_offset_ms), ..now }
    }

    /// Records a broken invariant, unless one was recorded before.
    pub(crate) fn violate(&mut self, invariant: &str, node: Option<usize>, what: String) {
        if self.violation.is_none() {
            let (event, at) = (self.trace.events(), self.now);
            self.trace.note(at, format_args!(r#""violation":"{invariant}""#));
            self.violation =
                Some(Violation { seed: 0, event, at, invariant: invariant.into(), node, what, lines: None });
        }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heights: Vec<_> = self.chains().map(|(_, chain)| chain.height()).collect();
        f.debug_struct("Network").field("now", &self.now).field("heights", &heights).finish_non_exhaustive()
    }
}

/// The node of each node id. Every delivery looks for one, and nothing depends on their order.
pub(crate) type Owners = HashMap<NodeId, usize, BuildHasherDefault<DefaultHasher>>;

/// One random number generator per purpose.
pub(crate) struct DiceSet {
    pub(crate) links: Dice,
    pub(crate) mining: Dice,
    pub(crate) payments: Dice,
    pub(crate) troubles: Dice,
}

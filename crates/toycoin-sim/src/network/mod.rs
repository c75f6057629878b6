//! The running network: its nodes and relays, messages in transit, and results so far.

mod mining;
mod pauses;
mod payments;
pub(crate) mod queue;
mod traffic;
mod troubles;
mod watch;
pub(crate) mod wires;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use toycoin_core::{BlockHash, ChainParams, CheckedBlock, FeeRate, Txid, Wallet, Work, chain::Chain};
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Event, Input, NodeConfig, NodeMachine, Output},
    relay::{ConnectionId, RelayConfig, RelayInput, RelayMachine},
};
use toycoin_wire::NodeId;

pub(crate) use self::{mining::solve_header, queue::Happening};
use self::{
    pauses::Pause,
    payments::Payments,
    queue::{Queue, QueueKey},
    traffic::Traffic,
    wires::{RelaySite, Wire},
};
use crate::{
    dice::Dice,
    fault::{FaultKind, Scheduled},
    invariant::Invariants,
    ledger::Ledger,
    link::Link,
    node_spec::NodeSpec,
    params::{GENESIS_TIME, PAST},
    participant::Participant,
    planted::Planted,
    report::{Statistics, Violation},
    spending::Spending,
    store::{CrashStore, Disk},
    trace::Trace,
    verifier::MemoVerifier,
};

/// A network of nodes and relays under virtual time.
pub struct Network {
    pub(crate) params: ChainParams,
    pub(crate) now: Duration,
    pub(crate) queue: Queue,
    pub(crate) dice: DiceSet,
    pub(crate) nodes: Vec<SimNode>,
    pub(crate) relays: Vec<RelaySite>,
    pub(crate) relay_config: RelayConfig,
    pub(crate) wires: BTreeMap<ConnectionId, Wire>,
    pub(crate) connections: u64,
    /// The node that uses, or used, each node id.
    pub(crate) owners: BTreeMap<NodeId, usize>,
    /// Number of active faults that block messages from one node to another.
    pub(crate) blocked: BTreeMap<(usize, usize), u32>,
    pub(crate) censored: Option<Txid>,
    pub(crate) faults: Vec<Scheduled>,
    pub(crate) injected: BTreeMap<FaultKind, u64>,
    pub(crate) active_faults: usize,
    pub(crate) tactics: BTreeMap<&'static str, u64>,
    pub(crate) is_over: Rc<Cell<bool>>,
    pub(crate) trace: Trace,
    pub(crate) verifier: Arc<MemoVerifier>,
    /// Every block that an honest node considered valid.
    pub(crate) archive: BTreeMap<BlockHash, Arc<CheckedBlock>>,
    /// Tips whose state root was recomputed.
    pub(crate) audited: BTreeSet<BlockHash>,
    /// Blocks of the archive by the work of their chains, to check the fork choice.
    pub(crate) by_work: BTreeSet<(Work, BlockHash)>,
    pub(crate) mined_at: BTreeMap<BlockHash, (Duration, usize)>,
    pub(crate) payments: Payments,
    pub(crate) traffic: Traffic,
    pub(crate) statistics: Statistics,
    pub(crate) invariants: Invariants,
    pub(crate) violation: Option<Violation>,
    /// Hashes per second that a hash rate of 1 stands for.
    pub(crate) hashes_a_share: f64,
    pub(crate) requests: u64,
}

/// One random number generator per purpose.
pub(crate) struct DiceSet {
    pub(crate) links: Dice,
    pub(crate) mining: Dice,
    pub(crate) payments: Dice,
    pub(crate) troubles: Dice,
}

/// A node of the simulation.
pub(crate) struct SimNode {
    pub(crate) machine: Option<Box<dyn Participant>>,
    /// Store that a crashed node left.
    pub(crate) disk: Option<CrashStore>,
    pub(crate) params: ChainParams,
    pub(crate) config: NodeConfig,
    pub(crate) honest: bool,
    pub(crate) planted: Option<Planted>,
    pub(crate) link: Link,
    /// Indices of the relays that the node dials.
    pub(crate) relays: Vec<usize>,
    pub(crate) wires: Vec<Option<ConnectionId>>,
    pub(crate) failures: Vec<u32>,
    pub(crate) hash_rate: f64,
    pub(crate) burst: f64,
    pub(crate) clock_offset_ms: i64,
    /// Effects of slow-link faults: bytes per second, and the factor of the latency.
    pub(crate) slow: Vec<(u64, u32)>,
    pub(crate) lossy: u32,
    pub(crate) careless: u32,
    pub(crate) lag_floods: u32,
    pub(crate) pause: Pause,
    pub(crate) started_at: Duration,
    /// Time that the node took from its start to the best tip of the honest nodes.
    pub(crate) caught_up: Option<Duration>,
    pub(crate) down: u32,
    pub(crate) wake: Option<QueueKey>,
    pub(crate) search: Option<mining::Search>,
    pub(crate) spending: Spending,
    pub(crate) disk_kind: Disk,
    pub(crate) wallet: Wallet,
    pub(crate) ledger: Ledger,
    pub(crate) checked_at: u64,
}

impl Network {
    /// Returns the virtual time since the beginning of the run.
    pub const fn now(&self) -> Duration {
        self.now
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

    /// Returns whether all honest nodes are up and have the same tip.
    pub fn agrees(&self) -> bool {
        let honest = self.nodes.iter().filter(|site| site.honest).count();
        let tips: Vec<_> = self.chains().map(|(_, chain)| chain.tip().hash).collect();
        tips.len() == honest && tips.windows(2).all(|pair| pair.first() == pair.last())
    }

    /// Returns how many faults are active or still to come.
    pub const fn faults_left(&self) -> usize {
        self.active_faults
    }

    /// Returns the counters so far.
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
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
            Happening::SayLagged { node } => self.say_lagged(node),
            Happening::Pay => self.pay(),
            Happening::Repeat { node } => self.repeat(node),
            Happening::Begin { fault } => self.begin_fault(fault),
            Happening::End { fault } => self.end_fault(fault),
        }
    }

    /// Starts a node with an empty store, or with what its disk holds.
    pub(crate) fn start(&mut self, node: usize) {
        let site = &mut self.nodes[node];
        let store = site.disk.take().unwrap_or_default();
        let verifier = Arc::clone(&self.verifier);
        let Ok(chain) = Chain::open(site.params.clone(), store) else {
            return self.violate("crash", Some(node), "the store does not open after a crash".into());
        };
        let mut config = site.config.clone();
        config.seed = self.dice.links.bytes();
        let now = self.moment_of(node);
        // some nodes write their reorganisations to the store in stages, which must change no decision
        let chain = if node % 3 == 1 { chain.with_stage_bytes(0) } else { chain };
        let machine = NodeMachine::new(chain.with_verifier(verifier), config, now);
        self.nodes[node].machine = Some(Box::new(machine));
        self.after_start(node);
    }

    /// Makes a started node dial its relays, and brings its wallet and ledger to its chain.
    pub(crate) fn after_start(&mut self, node: usize) {
        self.trace.note(self.now, format_args!(r#""start":{node}"#));
        self.follow_store(node);
        self.nodes[node].started_at = self.now;
        self.nodes[node].caught_up = None;
        self.forget_pause(node);
        for slot in 0..self.nodes[node].relays.len() {
            self.nodes[node].failures[slot] = 0;
            self.dial_later(node, slot);
        }
        self.wake_node(node);
        let wait = self.dice.payments.between(Duration::from_secs(1), Duration::from_secs(2));
        self.queue.push(self.now + wait, Happening::Repeat { node });
    }

    /// Gives a node an input, and carries out its outputs.
    pub(crate) fn node_input(&mut self, node: usize, input: Input<'_>) {
        let now = self.moment_of(node);
        let Some(machine) = &mut self.nodes[node].machine else { return };
        match &input {
            Input::Received { connection, bytes } => self.trace.note(
                self.now,
                format_args!(
                    r#""node":{node},"received":{},"connection":{},"hash":"{}""#,
                    bytes.len(),
                    connection.0,
                    short(bytes)
                ),
            ),
            Input::Mined { job, nonce } => {
                self.trace.note(self.now, format_args!(r#""node":{node},"job":{},"nonce":{nonce}"#, job.0));
            }
            _ => {}
        }
        let before = self.verifier.verified();
        machine.handle(now, input);
        let verified = self.verifier.verified() - before;
        let blocks = self.statistics.blocks_connected + self.statistics.blocks_rejected;
        self.take_outputs(node);
        if self.nodes[node].honest && blocks == self.statistics.blocks_connected + self.statistics.blocks_rejected {
            self.statistics.payment_signatures += verified;
            self.statistics.most_payment_signatures = self.statistics.most_payment_signatures.max(verified);
        }
    }

    pub(crate) fn take_outputs(&mut self, node: usize) {
        let mut halted = None;
        if self.nodes[node].planted == Some(Planted::Halts) && self.node(node).is_some_and(|n| n.chain().height() >= 5)
        {
            halted = Some("it was told to".to_owned());
        }
        while let Some(output) = self.nodes[node].machine.as_mut().and_then(|machine| machine.poll_output()) {
            match output {
                Output::Send { connection, bytes } => {
                    self.statistics.messages += 1;
                    self.statistics.honest_bytes += u64::from(self.nodes[node].honest) * bytes.len() as u64;
                    self.send_up(connection, bytes.to_vec());
                }
                Output::Close { connection, reason } => {
                    let reason = reason.replace(['"', '\\'], "'");
                    self.trace
                        .note(self.now, format_args!(r#""node":{node},"closes":{},"why":"{reason}""#, connection.0));
                    self.close_at_node(connection);
                }
                Output::Reply { id, response } => self.answered(node, id, *response),
                Output::Mine(job)
                    if self.nodes[node].planted == Some(Planted::StopsMining) && job.header.height > 5 => {}
                Output::Mine(_)
                    if self.nodes[node].planted == Some(Planted::RestsOften) && self.now.as_secs() % 20 < 10 =>
                {
                    self.stop_search(node);
                }
                Output::Mine(job) => self.search(node, job),
                Output::StopMining => self.stop_search(node),
                Output::Emit(event) => self.heard(node, event),
                Output::Halt { error } => halted = Some(error),
            }
        }
        if let Some(error) = halted {
            self.violate("halt", Some(node), error);
        }
        self.wake_node(node);
        self.watch(node);
    }

    fn wake_node(&mut self, node: usize) {
        let site = &mut self.nodes[node];
        let mut wanted = site.machine.as_ref().and_then(|machine| machine.next_timeout()).map(Monotonic::since_origin);
        if site.planted == Some(Planted::SleepsWithWorkToDo) {
            wanted = wanted.map(|at| at.max(self.now + Duration::from_millis(1)));
        }
        let wanted = wanted.map(|at| at.max(self.now));
        if site.wake.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some(place) = site.wake.take() {
            self.queue.remove(place);
        }
        site.wake = wanted.map(|at| self.queue.push(at, Happening::WakeNode { node }));
    }

    /// Handles an event of a node.
    fn heard(&mut self, node: usize, event: Event) {
        let now = self.now;
        match event {
            Event::BlockConnected { block, own } => {
                self.trace.note(now, format_args!(r#""node":{node},"connected":"{}","own":{own}"#, block.hash()));
                self.statistics.blocks_connected += u64::from(self.nodes[node].honest);
                self.connected(node, &block);
            }
            Event::BlockDisconnected { .. } if self.nodes[node].planted == Some(Planted::HidesDisconnections) => {}
            Event::BlockDisconnected { block } => {
                self.trace.note(now, format_args!(r#""node":{node},"disconnected":"{}""#, block.hash()));
                self.disconnected(node, &block);
            }
            Event::TipChanged { tip, disconnected } => {
                self.trace.note(now, format_args!(r#""node":{node},"tip":"{}","height":{}"#, tip.hash, tip.height));
                if self.nodes[node].honest {
                    self.statistics.moved(disconnected);
                }
            }
            Event::BlockMined { hash, height } => {
                self.trace.note(now, format_args!(r#""node":{node},"mined":"{hash}","height":{height}"#));
                self.mined_at.insert(hash, (now, node));
                self.statistics.blocks_mined += 1;
            }
            Event::TransactionDropped { txid, reason } => {
                self.trace.note(now, format_args!(r#""node":{node},"dropped":"{txid}","why":"{reason}""#));
                self.dropped(node, txid, &reason.to_string());
            }
            Event::PeerMuted { id, reason } => {
                let of = self.owners.get(&id).copied();
                let whom = of.map_or_else(|| "null".to_owned(), |of| of.to_string());
                let why = reason.to_string().replace(['"', '\\'], "'");
                self.trace.note(now, format_args!(r#""node":{node},"mutes":{whom},"why":"{why}""#));
                self.muted(node, of, &reason.to_string());
            }
            Event::BlockRejected { hash, rule, .. } => {
                self.trace.note(now, format_args!(r#""node":{node},"rejected":"{hash}","rule":"{rule}""#));
                self.statistics.blocks_rejected += u64::from(self.nodes[node].honest);
            }
            Event::Lagged { count } => self.statistics.lagged += count,
            Event::ClockOff(_) => self.statistics.clock_warnings += u64::from(self.nodes[node].honest),
            _ => {}
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

impl SimNode {
    pub(crate) fn new(
        node: usize,
        spec: &NodeSpec,
        params: &ChainParams,
        link: Link,
        relays: Vec<usize>,
        mempool_bytes: u64,
    ) -> Self {
        let own = spec.rules.clone().unwrap_or_else(|| params.clone());
        let mut config = NodeConfig::new(&own);
        config.payout = (spec.hash_rate > 0.0).then(|| crate::params::miner_key(node).public_key());
        config.extra = format!("node {node}").into_bytes();
        config.mempool_bytes = mempool_bytes;
        config.min_fee_rate = FeeRate::grains_per_byte(spec.min_fee_rate);
        match spec.planted {
            Some(Planted::KeepsEveryPayment) => config.mempool_bytes = u64::MAX,
            Some(Planted::Forgives) => config.mute_score = u32::MAX,
            _ => {}
        }
        let mut disk = CrashStore::new(spec.sync_every).on(spec.disk);
        disk.planted = spec.planted;
        Self {
            machine: None,
            disk: Some(disk),
            params: own,
            config,
            honest: spec.honest,
            planted: spec.planted,
            link: spec.link.unwrap_or(link),
            wires: vec![None; relays.len()],
            failures: vec![0; relays.len()],
            relays,
            hash_rate: spec.hash_rate,
            burst: 1.0,
            clock_offset_ms: spec.clock_offset_ms,
            slow: Vec::new(),
            lossy: 0,
            careless: 0,
            lag_floods: 0,
            pause: Pause::default(),
            started_at: Duration::ZERO,
            caught_up: None,
            down: 0,
            wake: None,
            search: None,
            spending: spec.spending.clone(),
            disk_kind: spec.disk,
            wallet: Wallet::new(params.clone(), crate::params::wallet_key(node)),
            ledger: Ledger::new(params),
            checked_at: 0,
        }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heights: Vec<_> = self.chains().map(|(_, chain)| chain.height()).collect();
        f.debug_struct("Network").field("now", &self.now).field("heights", &heights).finish_non_exhaustive()
    }
}

/// Returns the first 12 hex digits of the hash of some bytes, for the trace.
fn short(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().get(..12).unwrap_or_default().to_owned()
}

/// Returns a relay with a new machine.
pub(crate) fn relay_site(config: &RelayConfig) -> RelaySite {
    let machine = RelayMachine::new(config.clone());
    debug_assert!(Machine::next_timeout(&machine).is_none());
    RelaySite { machine: Some(machine), wake: None }
}

//! The director: moves a simulated network forward, tells what happens, and carries out commands.

use std::{cell::RefCell, fmt, mem, rc::Rc, sync::Arc, time::Duration};

use toycoin_core::{Amount, ChainParams};
use toycoin_node::protocol::{Request, Response};
use toycoin_sim::{ControlError, Link, Network, Seen};

use super::{config::SimulatedConfig, faults::Faults};
use crate::{
    command::{Command, Done, Refusal},
    event::{Clock, Disturbances, Fact, bounded_text},
    hub::Hub,
    limits::{NODES, SIMULATED_BLOCKS, SIMULATED_PAYMENTS},
    reporter::Reporter,
};

/// Slowest and fastest speeds, in virtual seconds per second.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=100.0;

/// Longest delay of a node's links.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// Virtual time that a step looks ahead for something to show.
const STEP_REACH: Duration = Duration::from_secs(30);

/// A simulated network whose time a caller moves. It tells its [`Hub`] what happens, and never leaves its thread;
/// [`Simulated`](super::Simulated) keeps one in step with real time.
///
/// ```
/// use std::time::Duration;
/// use toycoin_view::{
///     command::Command,
///     stage::simulated::{Director, SimulatedConfig},
/// };
///
/// let mut lesson = Director::new(&SimulatedConfig::new(7).nodes(4));
/// lesson.command(Command::Partition { groups: vec![vec![0, 1], vec![2, 3]] })?;
/// lesson.run_to(Duration::from_secs(60));
/// let tips = lesson.hub().look(|state| state.nodes.iter().map(|node| node.tip.clone()).collect::<Vec<_>>());
/// assert!(tips[0] == tips[1] && tips[1] != tips[2] && tips[2] == tips[3]);
/// # Ok::<(), toycoin_view::command::Refusal>(())
/// ```
pub struct Director {
    network: Network,
    params: ChainParams,
    hub: Arc<Hub>,
    reporter: Reporter,
    seen: Rc<RefCell<Vec<Seen>>>,
    names: Vec<String>,
    faults: Faults,
    told: Disturbances,
    clock: Clock,
    has_ended: bool,
}

impl Director {
    /// Builds the network, and tells its nodes and its first block.
    pub fn new(config: &SimulatedConfig) -> Self {
        Self::with_hub(config, Hub::new(config.state()))
    }

    pub(super) fn with_hub(config: &SimulatedConfig, hub: Arc<Hub>) -> Self {
        let params = config.params();
        let mut network = config.simulation().start();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let queue = Rc::clone(&seen);
        network.observe(move |fact| queue.borrow_mut().push(fact.clone()));
        let reporter = Reporter::new(Arc::clone(&hub), params.clone());
        let (names, faults, told, clock) = Default::default();
        let mut director = Self { network, params, hub, reporter, seen, names, faults, told, clock, has_ended: false };
        if let Ok(genesis) = director.params.genesis().clone().check(&director.params) {
            director.reporter.block(0, &genesis);
        }
        for _ in 0..config.nodes {
            director.tell_new_node(config.hash_rate.into());
        }
        director
    }

    /// Returns the hub.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Returns the clock. Only [`Simulated`](super::Simulated) heeds it.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the number of nodes.
    pub const fn nodes(&self) -> usize {
        self.names.len()
    }

    /// Returns the virtual time.
    pub const fn now(&self) -> Duration {
        self.network.now()
    }

    /// Moves forward to a virtual time, and tells all that happened.
    pub fn run_to(&mut self, time: Duration) {
        if let Err(violation) = self.network.run_to(time)
            && !mem::replace(&mut self.has_ended, true)
        {
            let text = format!("the simulation stands still: {violation}; please report this with the seed");
            self.reporter.tell(self.us(), Fact::Note { text: bounded_text(text), level: "warning".to_owned() });
            self.set_clock(Clock { paused: true, ..self.clock });
        }
        self.report();
        self.rest_when_full();
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When the network cannot do that, or the command makes no sense.
    pub fn command(&mut self, command: Command) -> Result<Done, Refusal> {
        let done = self.carry_out(command);
        self.report();
        done
    }

    /// Answers a question to a node, or submits a transaction to it. Returns `None` while the node is down, and for any
    /// other request.
    pub fn ask(&mut self, node: usize, request: Request) -> Option<Response> {
        let answer = self.network.node(node)?.inspect(&request).ok()?;
        if answer.is_some() {
            return answer;
        }
        let Request::Submit(transaction) = request else { return None };
        let submitted = self.network.submit_transaction(node, transaction).ok()?;
        self.report();
        Some(Response::Submitted(submitted))
    }

    fn carry_out(&mut self, command: Command) -> Result<Done, Refusal> {
        let nodes = self.nodes();
        match command {
            Command::Partition { groups } => self.faults.part(groups, &mut self.network, nodes)?,
            Command::Heal => self.faults.heal(&mut self.network)?,
            Command::Fault(spec) => return Ok(Done::Fault(self.faults.begin(&spec, &mut self.network)?)),
            Command::End { id } => self.faults.end(id, &mut self.network)?,
            Command::AddNode { hash_rate } => return self.add_node(hash_rate),
            Command::Stop { node } => {
                self.check_node(node)?;
                self.faults.stop(node, &mut self.network)?;
            }
            Command::Start { node } => {
                self.check_node(node)?;
                self.faults.start(node, &mut self.network)?;
            }
            Command::Rate { node, hash_rate } => {
                self.network.set_hash_rate(node, share(hash_rate)?)?;
                self.tell_node(node, hash_rate);
            }
            Command::Delay { node, delay } if delay > MAX_DELAY => {
                return Err(Refusal::Unfit(format!("node {node}: a delay is at most {} ms", MAX_DELAY.as_millis())));
            }
            Command::Delay { node, delay } if delay.is_zero() => self.network.set_link(node, Link::wan())?,
            Command::Delay { node, delay } => self.network.set_link(node, Link::wan().latency(delay))?,
            Command::Pay { from, to, value, fee } => {
                let (value, fee) = (Amount::from_grains(value), Amount::from_grains(fee));
                return Ok(Done::Paid(self.network.pay_with_fee(from, to, value, fee)?.to_string()));
            }
            Command::Pause => self.set_clock(Clock { paused: true, ..self.clock }),
            Command::Run if self.has_ended => {
                return Err(Refusal::Cannot("the simulation has ended; start the program again".to_owned()));
            }
            Command::Run => self.set_clock(Clock { paused: false, ..self.clock }),
            Command::Step => self.step(),
            Command::Speed(speed) if !SPEEDS.contains(&speed) => {
                return Err(Refusal::Unfit("a speed is from 0.01 to 100 virtual seconds per second".to_owned()));
            }
            Command::Speed(speed) => self.set_clock(Clock { speed, ..self.clock }),
        }
        Ok(Done::Done)
    }

    /// Ends the run when it has become as large as a simulation may. It keeps every block and payment, for its
    /// invariants.
    fn rest_when_full(&mut self) {
        let statistics = self.network.statistics();
        let is_full = statistics.payments > SIMULATED_PAYMENTS || statistics.blocks_mined > SIMULATED_BLOCKS;
        if is_full && !mem::replace(&mut self.has_ended, true) {
            let text = format!(
                "the simulation ends here: it has made {} payments and {} blocks, and keeps them all in memory; start \
                 the program again to go on with a new one",
                statistics.payments, statistics.blocks_mined
            );
            self.reporter.tell(self.us(), Fact::Note { text, level: "warning".to_owned() });
            self.set_clock(Clock { paused: true, ..self.clock });
        }
    }

    /// Goes on until something is shown, then stands still.
    fn step(&mut self) {
        self.set_clock(Clock { paused: true, ..self.clock });
        let (begin, end) = (self.hub.look(|state| state.seq), self.now() + STEP_REACH);
        while self.now() < end && !self.has_ended && self.hub.look(|state| state.seq) == begin {
            self.run_to(self.now() + Duration::from_millis(1));
        }
    }

    fn add_node(&mut self, hash_rate: u64) -> Result<Done, Refusal> {
        if self.nodes() >= NODES {
            return Err(Refusal::Cannot(format!("the network has {NODES} nodes already, as many as are shown")));
        }
        let node = self.network.add_node(share(hash_rate)?)?;
        self.tell_new_node(hash_rate);
        // a node that hears both sides of a partition would join them
        self.faults.joined(node, &mut self.network)?;
        Ok(Done::Node(node))
    }

    /// Tells what happened since the last time, and what is wrong if that changed.
    fn report(&mut self) {
        let nodes = self.names.len();
        let seen = mem::take(&mut *self.seen.borrow_mut());
        for seen in seen {
            self.reporter.seen(seen, &self.network, nodes);
        }
        self.reporter.time_passed(self.us());
        let now = self.faults.disturbances(&self.network, nodes);
        if now != self.told {
            for node in now.down.iter().filter(|node| !self.told.down.contains(node)) {
                self.reporter.restarted(self.us(), *node);
            }
            self.reporter.tell(self.us(), Fact::Network(now.clone()));
            self.told = now;
        }
    }

    fn tell_new_node(&mut self, hash_rate: u64) {
        let node = self.names.len();
        self.names.push(format!("node {node}"));
        self.tell_node(node, hash_rate);
    }

    fn tell_node(&self, node: usize, hash_rate: u64) {
        // while it is down, its last tip stands
        let told = self.hub.look(|state| state.nodes.get(node).map(|node| (node.tip.clone(), node.height)));
        let tip = self.network.node(node).map(|node| node.chain().tip());
        let tip = tip.map(|tip| (tip.hash.to_string(), tip.height)).or(told);
        let (tip, height) = tip.unwrap_or_else(|| (self.params.genesis_hash().to_string(), 0));
        let name = self.names.get(node).cloned().unwrap_or_default();
        self.reporter.tell(self.us(), Fact::Node { node, name, hash_rate, tip, height });
    }

    fn set_clock(&mut self, clock: Clock) {
        if clock != self.clock {
            self.clock = clock;
            self.reporter.tell(self.us(), Fact::Clock(clock));
        }
    }

    fn check_node(&self, node: usize) -> Result<(), Refusal> {
        let nodes = self.nodes();
        if node < nodes { Ok(()) } else { Err(Refusal::NoSuchNode { node, nodes }) }
    }

    fn us(&self) -> u64 {
        u64::try_from(self.now().as_micros()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Director {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Director").field("network", &self.network).field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Returns a hash rate as the simulator takes it.
fn share(hash_rate: u64) -> Result<u32, Refusal> {
    u32::try_from(hash_rate).map_err(|_| Refusal::Unfit(format!("{hash_rate} is no hash rate: give 0 to 4294967295")))
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NoSuchNode { node, nodes } => Self::NoSuchNode { node, nodes },
            ControlError::CannotPay { .. } | ControlError::NoPayout { .. } => Self::Cannot(error.to_string()),
            other => Self::Unfit(other.to_string()),
        }
    }
}

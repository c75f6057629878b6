//! The director: moves a simulated network forward, tells what happens, and carries out commands.

use std::{fmt, sync::Arc, time::Duration};

use toycoin_core::Amount;
use toycoin_node::protocol::{Request, Response};
use toycoin_sim::{ControlError, Link, Network};

use super::{
    config::SimulatedConfig,
    desk::{Desk, Step},
};
use crate::{
    command::{Command, Done, Refusal},
    event::Clock,
    hub::Hub,
    limits::{NODES, SIMULATED_BLOCKS, SIMULATED_PAYMENTS},
};

/// Slowest and fastest speeds, in virtual seconds per second.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=100.0;

/// Longest delay of a node's links.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// Virtual time that a step looks ahead for something to show.
const STEP_REACH: Duration = Duration::from_secs(30);

/// Why a network that broke or is full does not go on.
const ENDED: &str = "the simulation has ended; start the program again";

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
    pub(super) network: Network,
    pub(super) desk: Desk,
    /// The virtual time up to which it may move the network.
    pub(super) limit: Duration,
}

impl Director {
    /// Builds the network, and tells its nodes and its first block.
    pub fn new(config: &SimulatedConfig) -> Self {
        Self::with_hub(config, Hub::new(config.state(0)))
    }

    pub(super) fn with_hub(config: &SimulatedConfig, hub: Arc<Hub>) -> Self {
        let mut network = config.simulation().start();
        let mut desk = Desk::new(config.params(), hub, &mut network);
        for _ in 0..config.nodes {
            desk.tell_new_node(&network, "node", config.hash_rate.into());
        }
        Self { network, desk, limit: Duration::MAX }
    }

    /// Returns the hub.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.desk.hub
    }

    /// Returns the clock. Only [`Simulated`](super::Simulated) heeds it.
    pub const fn clock(&self) -> Clock {
        self.desk.clock
    }

    /// Returns the number of nodes.
    pub const fn nodes(&self) -> usize {
        self.desk.nodes()
    }

    /// Returns the virtual time.
    pub const fn now(&self) -> Duration {
        self.network.now()
    }

    /// Returns whether the network is that of a trial of an attack, which runs undisturbed.
    pub(super) const fn is_trial(&self) -> bool {
        self.desk.trial.is_some()
    }

    /// Returns whether time can go on: the network is not broken, and not as large as it may become.
    #[cfg(feature = "attacks")]
    pub(super) const fn goes_on(&self) -> bool {
        self.desk.end.is_none()
    }

    /// Moves forward to a virtual time, and tells all that happened.
    pub fn run_to(&mut self, time: Duration) {
        if let Err(violation) = self.network.run_to(time.min(self.limit))
            && self.desk.end.is_none()
        {
            let text = format!("the simulation stands still: {violation}; please report this with the seed");
            self.desk.note(&self.network, text, "warning");
            self.desk.end(&self.network, ENDED);
        }
        self.desk.report(&self.network);
        self.rest_when_full();
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When the network cannot do that, or the command makes no sense.
    pub fn command(&mut self, command: Command) -> Result<Done, Refusal> {
        let done = self.carry_out(command);
        self.desk.report(&self.network);
        done
    }

    /// Answers a question to a node, or submits a transaction to it. Returns `None` while the node is down, for any
    /// other request, and for a transaction while an attack is shown.
    pub fn ask(&mut self, node: usize, request: Request) -> Option<Response> {
        let answer = self.network.node(node)?.inspect(&request).ok()?;
        if answer.is_some() {
            return answer;
        }
        let Request::Submit(transaction) = request else { return None };
        if self.is_trial() {
            return None;
        }
        let submitted = self.network.submit_transaction(node, transaction).ok()?;
        self.desk.report(&self.network);
        Some(Response::Submitted(submitted))
    }

    fn carry_out(&mut self, command: Command) -> Result<Done, Refusal> {
        let nodes = self.nodes();
        let is_of_the_clock = matches!(command, Command::Pause | Command::Run | Command::Step | Command::Speed(_));
        if self.is_trial() && !is_of_the_clock {
            return Err(Refusal::trial_runs());
        }
        match command {
            Command::Partition { groups } => self.desk.faults.part(groups, &mut self.network, nodes)?,
            Command::Heal => self.desk.faults.heal(&mut self.network)?,
            Command::Fault(spec) => return Ok(Done::Fault(self.desk.faults.begin(&spec, &mut self.network)?)),
            Command::End { id } => self.desk.faults.end(id, &mut self.network)?,
            Command::AddNode { hash_rate } => return self.add_node(hash_rate),
            Command::Stop { node } => {
                self.check_node(node)?;
                self.desk.faults.stop(node, &mut self.network)?;
            }
            Command::Start { node } => {
                self.check_node(node)?;
                self.desk.faults.start(node, &mut self.network)?;
            }
            Command::Rate { node, hash_rate } => {
                self.network.set_hash_rate(node, share(hash_rate)?)?;
                self.desk.tell_node(&self.network, node, hash_rate);
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
            Command::Pause => self.set_clock(Clock { paused: true, ..self.clock() }),
            Command::Run => match &self.desk.end {
                Some(reason) => return Err(Refusal::Cannot(reason.clone())),
                None => self.set_clock(Clock { paused: false, ..self.clock() }),
            },
            Command::Step => self.step(),
            Command::Speed(speed) if !SPEEDS.contains(&speed) => {
                return Err(Refusal::Unfit("a speed is from 0.01 to 100 virtual seconds per second".to_owned()));
            }
            Command::Speed(speed) => self.set_clock(Clock { speed, ..self.clock() }),
            Command::Attack(_) | Command::Lesson => {
                return Err(Refusal::Cannot("a director keeps its network; ask the stage for another one".to_owned()));
            }
        }
        Ok(Done::Done)
    }

    /// Ends the run when it has become as large as a simulation may. It keeps every block and payment, for its
    /// invariants.
    fn rest_when_full(&mut self) {
        let statistics = self.network.statistics();
        let is_full = statistics.payments > SIMULATED_PAYMENTS || statistics.blocks_mined > SIMULATED_BLOCKS;
        if is_full && self.desk.end.is_none() {
            let text = format!(
                "the simulation ends here: it has made {} payments and {} blocks, and keeps them all in memory; start \
                 the program again to go on with a new one",
                statistics.payments, statistics.blocks_mined
            );
            self.desk.note(&self.network, text, "warning");
            self.desk.end(&self.network, ENDED);
        }
    }

    /// Goes on until something is shown, then stands still.
    fn step(&mut self) {
        self.set_clock(Clock { paused: true, ..self.clock() });
        self.desk.step = Some(Step { begin: self.shown(), end: self.now() + STEP_REACH });
        self.step_on();
    }

    /// Returns whether a step is not done yet, since it met the limit.
    pub(super) const fn is_stepping(&self) -> bool {
        self.desk.step.is_some()
    }

    /// Goes on with a step that met the limit before it had something to show.
    pub(super) fn step_on(&mut self) {
        let Some(Step { begin, end }) = self.desk.step else { return };
        let is_done =
            |director: &Self| director.now() >= end || director.desk.end.is_some() || director.shown() != begin;
        while self.now() < self.limit && !is_done(self) {
            self.run_to(self.now() + Duration::from_millis(1));
        }
        if is_done(self) {
            self.desk.step = None;
        }
    }

    /// Returns the number of the last event.
    fn shown(&self) -> u64 {
        self.desk.hub.look(|state| state.seq)
    }

    fn add_node(&mut self, hash_rate: u64) -> Result<Done, Refusal> {
        if self.nodes() >= NODES {
            return Err(Refusal::Cannot(format!("the network has {NODES} nodes already, as many as are shown")));
        }
        let node = self.network.add_node(share(hash_rate)?)?;
        self.desk.tell_new_node(&self.network, "node", hash_rate);
        // a node that hears both sides of a partition would join them
        self.desk.faults.joined(node, &mut self.network)?;
        Ok(Done::Node(node))
    }

    fn set_clock(&mut self, clock: Clock) {
        self.desk.set_clock(&self.network, clock);
    }

    fn check_node(&self, node: usize) -> Result<(), Refusal> {
        let nodes = self.nodes();
        if node < nodes { Ok(()) } else { Err(Refusal::NoSuchNode { node, nodes }) }
    }
}

impl fmt::Debug for Director {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Director").field("network", &self.network).field("clock", &self.clock()).finish_non_exhaustive()
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

//! The showing of a trial: the lab's attack runs, and in between a director has its network.
//!
//! ```text
//!   attack ─ looks at its network ─▶ "up to here" ─▶ showing ─▶ director: moves it, tells, answers, up to there
//!      ▲                                                │
//!      └──────────────── the same network ◀─────────────┘
//! ```

use std::{fmt, mem, sync::Arc, time::Duration};

use toycoin_core::ChainParams;
use toycoin_lab::{Driver, Trial, TrialError};
use toycoin_sim::Network;

use super::{config::run_id, desk::Desk, director::Director, staged::Staged};
use crate::{
    event::{AttackTrial, Clock, Fact},
    hub::Hub,
    state::{NetworkInfo, State},
};

/// Speed at which a trial begins. Its blocks are often far apart, so that delays do not disturb the theory.
const SPEED: f64 = 8.0;

/// Why a trial that has its outcome does not go on.
const ENDED: &str = "this trial has its outcome; begin another one, or go back to the lesson's network";

/// Begins the run of a network with these parameters and nodes: this is the state before its first event.
pub(super) type Begin<'a> = &'a mut dyn FnMut(&ChainParams, usize, State);

/// Moves a director up to its limit. Returns false if the trial is to end without an outcome.
pub(super) type Drive<'a> = &'a mut dyn FnMut(&mut Director) -> bool;

/// A trial that is shown.
pub(super) struct Showing<'a> {
    staged: &'a Staged,
    /// Number of runs before this one.
    earlier: u64,
    hub: &'a Arc<Hub>,
    begin: Begin<'a>,
    drive: Drive<'a>,
    /// The desk, while the attack has the network.
    desk: Option<Desk>,
    /// The network at its end.
    rested: Option<Network>,
}

impl<'a> Showing<'a> {
    pub(super) const fn new(
        staged: &'a Staged,
        earlier: u64,
        hub: &'a Arc<Hub>,
        begin: Begin<'a>,
        drive: Drive<'a>,
    ) -> Self {
        Self { staged, earlier, hub, begin, drive, desk: None, rested: None }
    }

    /// Runs the trial to its outcome, and tells it. Returns the director, for whoever still has questions; `None` if
    /// the trial was ended before.
    pub(super) fn run(mut self) -> Option<Director> {
        let Staged { attack, setting, seed } = self.staged;
        let ended = attack.trial(setting, &Trial::new(*seed).driven(&mut self));
        let network = self.rested.take();
        match (ended, network) {
            (Ok(outcome), Some(network)) => {
                let mut director = self.seat(network, Duration::MAX);
                director.tell_outcome(self.staged.outcome(&outcome));
                Some(director)
            }
            _ => None,
        }
    }

    /// Gives the network to the director.
    fn seat(&mut self, mut network: Network, limit: Duration) -> Director {
        let desk = self.desk.take().unwrap_or_else(|| self.open(&mut network));
        Director { network, desk, limit }
    }

    /// Begins the run, and tells its nodes and what is known of the trial.
    fn open(&mut self, network: &mut Network) -> Desk {
        let params = network.node(0).expect("all nodes were up when the trial was staged").chain().params().clone();
        let (trial, seed) = (self.staged.told(), self.staged.seed);
        let run = run_id(&format!("{} {}", trial.attack, trial.setting), self.earlier);
        let state = State::new(run, "simulated", Some(seed), NetworkInfo::of(&params));
        (self.begin)(&params, network.node_count(), state);
        let mut desk = Desk::new(params, Arc::clone(self.hub), network);
        let percents = percents(network);
        for (node, percent) in percents.into_iter().enumerate() {
            let role = if trial.attackers.contains(&node) { "attacker" } else { "node" };
            desk.tell_new_node(network, role, percent);
        }
        desk.set_clock(network, Clock { speed: SPEED, paused: false });
        let AttackTrial { attack, summary, setting, theory, .. } = &trial;
        desk.note(network, format!("{attack}: {summary} Set: {setting}."), "info");
        if !theory.is_empty() {
            desk.note(network, format!("{attack}, theory: {theory}"), "info");
        }
        desk.tell_trial(network, trial);
        desk
    }
}

impl Driver for Showing<'_> {
    fn drive(&mut self, network: Network, until: Duration) -> Result<Network, TrialError> {
        let mut director = self.seat(network, until);
        let goes_on = (self.drive)(&mut director);
        let Director { network, desk, .. } = director;
        self.desk = Some(desk);
        if goes_on { Ok(network) } else { Err(TrialError::Interrupted) }
    }

    fn rest(&mut self, network: Network) {
        self.rested = Some(network);
    }
}

impl fmt::Debug for Showing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Showing").field("staged", &self.staged).finish_non_exhaustive()
    }
}

impl Director {
    /// Tells what the trial measured, and lets its network stand still.
    fn tell_outcome(&mut self, outcome: String) {
        let Self { network, desk, .. } = self;
        let Some(trial) = mem::take(&mut desk.trial) else { return };
        desk.note(network, format!("{}, this trial: {outcome}", trial.attack), "info");
        desk.tell_trial(network, AttackTrial { outcome: Some(outcome), ..trial });
        desk.end(network, ENDED);
    }
}

impl Desk {
    fn tell_trial(&mut self, network: &Network, trial: AttackTrial) {
        self.reporter.tell(super::desk::us(network), Fact::Attack(trial.clone()));
        self.trial = Some(trial);
    }
}

/// Returns the hash rates of all nodes in percent of their sum.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share in percent")]
fn percents(network: &Network) -> Vec<u64> {
    let rates: Vec<_> = (0..network.node_count()).map(|node| network.hash_rate(node)).collect();
    let sum: f64 = rates.iter().sum();
    rates.iter().map(|rate| if sum > 0.0 { (100.0 * rate / sum).round() as u64 } else { 0 }).collect()
}

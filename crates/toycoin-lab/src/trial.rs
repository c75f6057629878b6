//! One trial of an attack: its seed, and the network that runs for it.

use std::{
    cell::RefCell,
    fmt,
    ops::Deref,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use thiserror::Error;
use toycoin_core::ParamsError;
use toycoin_sim::{Network, Simulation, Violation};

use crate::driver::Driver;

/// One trial of an attack.
pub struct Trial<'a> {
    seed: u64,
    stop: Option<&'a AtomicBool>,
    /// The lines and the hash of the trace, if they are kept.
    trace: Option<RefCell<(String, String)>>,
    /// Who moves the network in place of the trial.
    driver: Option<RefCell<&'a mut dyn Driver>>,
}

/// The reason why a trial has no outcome.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrialError {
    /// An invariant of the simulation broke: something is wrong with the node, or with the attack.
    #[error("an invariant broke: {0}")]
    Violation(#[from] Violation),
    /// The parameters of the network do not fit each other.
    #[error("the network has no such parameters: {0}")]
    Params(#[from] ParamsError),
    /// It was interrupted.
    #[error("it was interrupted")]
    Interrupted,
}

impl<'a> Trial<'a> {
    /// Returns the trial of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, stop: None, trace: None, driver: None }
    }

    /// Returns the same trial, which ends early when the flag is set.
    #[must_use]
    pub const fn until(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Returns the same trial, which keeps its trace.
    #[must_use]
    pub fn keep_trace(mut self) -> Self {
        self.trace = Some(RefCell::default());
        self
    }

    /// Returns the same trial, whose network a driver moves. That changes nothing in what happens.
    #[must_use]
    pub fn driven(mut self, driver: &'a mut dyn Driver) -> Self {
        self.driver = Some(RefCell::new(driver));
        self
    }

    /// Returns the seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the trace of the network that ran last, as JSON lines; empty unless it is kept.
    pub fn trace(&self) -> String {
        self.trace.as_ref().map(|trace| trace.borrow().0.clone()).unwrap_or_default()
    }

    /// Returns the hash of that trace, in hex; empty unless it is kept.
    pub fn trace_hash(&self) -> String {
        self.trace.as_ref().map(|trace| trace.borrow().1.clone()).unwrap_or_default()
    }

    /// Returns a simulation of this trial's seed, in which honest nodes need not agree at the end.
    pub fn simulation(&self) -> Simulation {
        let simulation = Simulation::builder(self.seed).settles_within(None);
        if self.trace.is_some() { simulation.keep_trace() } else { simulation }
    }

    /// Runs a network until a condition holds, which is looked at `every` so often, and returns it for questions.
    ///
    /// # Errors
    /// When an invariant breaks, or the trial is interrupted.
    pub fn run(
        &self,
        simulation: Simulation,
        every: Duration,
        mut done: impl FnMut(&mut Network) -> bool,
    ) -> Result<Finished<'_, 'a>, TrialError> {
        let mut network = simulation.start();
        while !done(&mut network) {
            if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(TrialError::Interrupted);
            }
            let until = network.now() + every;
            match &self.driver {
                Some(driver) => network = driver.borrow_mut().drive(network, until)?,
                None => network.run_to(until)?,
            }
        }
        if let (Some(kept), Some(lines)) = (&self.trace, network.trace().lines()) {
            *kept.borrow_mut() = (lines.to_owned(), network.trace().hash());
        }
        Ok(Finished { network: Some(network), driver: self.driver.as_ref() })
    }
}

impl fmt::Debug for Trial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("seed", &self.seed)
            .field("driven", &self.driver.is_some())
            .finish_non_exhaustive()
    }
}

/// The network of a trial whose condition holds, for questions. A driver gets it back when it is dropped.
#[derive(Debug)]
pub struct Finished<'t, 'd> {
    /// Taken by dropping alone.
    network: Option<Network>,
    driver: Option<&'t RefCell<&'d mut dyn Driver>>,
}

impl Deref for Finished<'_, '_> {
    type Target = Network;

    fn deref(&self) -> &Network {
        self.network.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Finished<'_, '_> {
    fn drop(&mut self) {
        if let Some((driver, network)) = self.driver.zip(self.network.take()) {
            driver.borrow_mut().rest(network);
        }
    }
}

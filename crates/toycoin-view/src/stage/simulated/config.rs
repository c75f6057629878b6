//! What a simulated network begins with.

use std::time::Duration;

use toycoin_core::ChainParams;
use toycoin_sim::{Simulation, Spending};

use crate::{
    limits::NODES,
    state::{NetworkInfo, State},
};

/// The begin of a simulated network. Two runs with equal values show the same, as long as nobody steers them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SimulatedConfig {
    /// The seed.
    pub seed: u64,
    /// Number of nodes, from 1 to 32.
    pub nodes: usize,
    /// Mean time between two blocks.
    pub spacing: Duration,
    /// Mean number of payments per second.
    pub payments_per_second: f64,
    /// Set hash rate of each node, a share of the whole.
    pub hash_rate: u32,
}

impl SimulatedConfig {
    /// Returns a network of 4 nodes with a block about every 4 seconds and a payment every second.
    pub const fn new(seed: u64) -> Self {
        Self { seed, nodes: 4, spacing: Duration::from_secs(4), payments_per_second: 1.0, hash_rate: 10 }
    }

    /// Sets the number of nodes; values outside of 1 to 32 count as the nearest.
    #[must_use]
    pub fn nodes(self, nodes: usize) -> Self {
        Self { nodes: nodes.clamp(1, NODES), ..self }
    }

    /// Sets the mean time between two blocks, from 100 ms to an hour; values outside count as the nearest.
    #[must_use]
    pub fn spacing(self, spacing: Duration) -> Self {
        Self { spacing: spacing.clamp(Duration::from_millis(100), Duration::from_secs(3_600)), ..self }
    }

    /// Sets the mean number of payments per second, from 0 to 100; values outside count as the nearest.
    #[must_use]
    pub fn payments_per_second(self, rate: f64) -> Self {
        let rate = if rate.is_finite() { rate.clamp(0.0, 100.0) } else { 0.0 };
        Self { payments_per_second: rate, ..self }
    }

    /// Returns the parameters of the network.
    pub fn params(&self) -> ChainParams {
        toycoin_sim::params(self.nodes, self.spacing)
    }

    /// Returns the state before the first event of a run, of which the stage has shown so many others before. The id of
    /// the run follows from the values and that number, so that two records of one seed are equal.
    pub(super) fn state(&self, earlier: u64) -> State {
        let Self { seed, nodes, spacing, payments_per_second, hash_rate } = self;
        let text = format!("{seed} {nodes} {spacing:?} {payments_per_second:?} {hash_rate}");
        State::new(run_id(&text, earlier), "simulated", Some(*seed), NetworkInfo::of(&self.params()))
    }

    pub(super) fn simulation(&self) -> Simulation {
        let simulation = Simulation::builder(self.seed)
            .nodes(self.nodes)
            .hash_rates(vec![self.hash_rate; self.nodes])
            .spacing(self.spacing)
            .payments_per_second(self.payments_per_second);
        // fees that differ, so that the order in a mempool can be seen
        let spending = Spending { grains: 1_000..=500_000_000, fee_rates: 1..=40, ..Spending::default() };
        (0..self.nodes).fold(simulation, |simulation, node| simulation.spending(node, spending.clone()))
    }
}

/// Returns the id of a run, 8 hex digits, from what it shows and the number of runs before it.
pub(super) fn run_id(what: &str, earlier: u64) -> String {
    let text = if earlier == 0 { what.to_owned() } else { format!("{what}, run {earlier}") };
    blake3::hash(text.as_bytes()).to_hex().as_str().get(..8).unwrap_or_default().to_owned()
}

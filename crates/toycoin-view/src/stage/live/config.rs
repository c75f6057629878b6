//! What a live network begins with.

use toycoin_core::ChainParams;

use crate::limits::NODES;

/// The begin of a live network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LiveConfig {
    /// The network's parameters.
    pub params: ChainParams,
    /// Number of nodes, from 1 to 32. Each mines with one thread.
    pub nodes: usize,
    /// Share of time in which each miner thread works, in percent.
    pub throttle_percent: u32,
    /// Mean number of payments per second between the nodes' wallets.
    pub payments_per_second: f64,
}

impl LiveConfig {
    /// Returns 4 nodes that mine all the time, and make a payment every second.
    pub const fn new(params: ChainParams) -> Self {
        Self { params, nodes: 4, throttle_percent: 100, payments_per_second: 1.0 }
    }

    /// Sets the number of nodes; values outside of 1 to 32 count as the nearest.
    #[must_use]
    pub fn nodes(self, nodes: usize) -> Self {
        Self { nodes: nodes.clamp(1, NODES), ..self }
    }

    /// Sets the share of time in which each miner thread works, from 1 to 100 percent; values outside count as the
    /// nearest.
    #[must_use]
    pub fn throttle(self, percent: u32) -> Self {
        Self { throttle_percent: percent.clamp(1, 100), ..self }
    }

    /// Sets the mean number of payments per second, from 0 to 100; values outside count as the nearest.
    #[must_use]
    pub fn payments_per_second(self, rate: f64) -> Self {
        let rate = if rate.is_finite() { rate.clamp(0.0, 100.0) } else { 0.0 };
        Self { payments_per_second: rate, ..self }
    }
}

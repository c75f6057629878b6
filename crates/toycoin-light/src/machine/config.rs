//! What a light client is told at its start.

use toycoin_core::{ChainParams, proof::DEFAULT_SLICES};

/// The configuration of a light client.
#[derive(Debug, Clone)]
pub struct LightConfig {
    /// The network.
    pub params: ChainParams,
    /// The number of slices in the proofs that it asks for, 1 to 256: more of them make a deception less likely and a
    /// proof longer.
    pub slices: u16,
    /// What its random choices are drawn from. Who knows it can prepare for the proofs that it asks for.
    pub seed: [u8; 32],
}

impl LightConfig {
    /// Returns the configuration with the default number of slices.
    pub const fn new(params: ChainParams, seed: [u8; 32]) -> Self {
        Self { params, slices: DEFAULT_SLICES, seed }
    }
}

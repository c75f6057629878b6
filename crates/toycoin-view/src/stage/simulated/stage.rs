//! The stage of a simulated network.

use std::sync::Arc;

use toycoin_core::ChainParams;

use crate::{
    command::{Command, Done, Refusal},
    hub::Hub,
    stage::simulated::SimulatedNode,
};

/// A simulated network that runs on a thread of its own.
#[derive(Debug)]
pub struct Simulated {
    hub: Arc<Hub>,
    params: ChainParams,
}

impl Simulated {
    /// Returns the hub.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns a node to ask.
    pub const fn node(&self, _: usize) -> Option<SimulatedNode> {
        None
    }

    /// Returns the number of nodes.
    pub const fn nodes(&self) -> usize {
        0
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When it cannot be carried out.
    pub async fn command(&self, _: Command) -> Result<Done, Refusal> {
        Err(Refusal::Cannot("not yet".into()))
    }
}

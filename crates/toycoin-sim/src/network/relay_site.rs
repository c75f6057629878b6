//! A relay of the network.

use toycoin_node::{
    machine::Machine,
    relay::{RelayConfig, RelayMachine},
};

use crate::{network::queue::QueueKey, relay_tactic::RelayTactic};

/// A relay of the network.
#[derive(Debug)]
pub(crate) struct RelaySite {
    pub(crate) machine: Option<RelayMachine>,
    pub(crate) wake: Option<QueueKey>,
    /// How it lies, if it does.
    pub(crate) tactic: Option<Box<dyn RelayTactic>>,
    /// Number of its connections with honest nodes on which it has sent WELC.
    pub(crate) honest: u64,
}

impl RelaySite {
    /// Returns a relay with a new machine.
    pub(crate) fn new(config: &RelayConfig) -> Self {
        let machine = RelayMachine::new(config.clone());
        debug_assert!(Machine::next_timeout(&machine).is_none());
        Self { machine: Some(machine), wake: None, tactic: None, honest: 0 }
    }
}

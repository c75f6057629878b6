//! What a tactic is, and what it sees.

use std::time::Duration;

use toycoin_core::chain::Chain;
use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{dice::Dice, store::CrashStore};

/// A message of a tactic: to one peer, or to everybody if there is no node id.
pub type Said = (Option<NodeId>, NodeMessage);

/// What a tactic can see and use when it acts.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The chain that the honest machine inside follows.
    pub chain: &'a Chain<CrashStore>,
    /// Unix time in milliseconds.
    pub unix_ms: u64,
    /// Random numbers from the run's seed.
    pub dice: &'a mut Dice,
}

/// A way to misbehave. The default of every method changes nothing.
pub trait Tactic {
    /// Decides what replaces an outgoing message of the machine inside.
    fn outgoing(&mut self, said: Said, _: &mut Scene<'_>) -> Vec<Said> {
        vec![said]
    }

    /// Answers a message instead of the machine inside, which then never receives it; `None` passes the message on.
    fn incoming(&mut self, _from: NodeId, _: &NodeMessage, _: &mut Scene<'_>) -> Option<Vec<Said>> {
        None
    }

    /// Decides what replaces the payload of an outgoing message, tag and body; it need not be a message any more.
    fn encoded(&mut self, _to: Option<NodeId>, payload: Vec<u8>, _: &mut Scene<'_>) -> Vec<u8> {
        payload
    }

    /// Sends messages without a request, once per interval.
    fn tick(&mut self, _: &mut Scene<'_>) -> Vec<Said> {
        Vec::new()
    }

    /// Publishes payloads that are not messages between nodes, once per interval.
    fn payloads(&mut self, _: &mut Scene<'_>) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Returns whether it disconnects from its relays after each tick; it then reconnects with another node id.
    fn hangs_up(&self) -> bool {
        false
    }

    /// Returns the interval between two ticks.
    fn interval(&self) -> Duration {
        Duration::from_secs(5)
    }
}

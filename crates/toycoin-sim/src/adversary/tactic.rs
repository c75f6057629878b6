//! What a tactic is, and what it sees.

use std::time::Duration;

use toycoin_core::{Block, chain::Chain};
use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{adversary::PrivateChain, dice::Dice, store::CrashStore};

/// A message of a tactic: to one peer, or to everybody if there is no node id.
pub type Said = (Option<NodeId>, NodeMessage);

/// What a tactic can see and use when it acts.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Index of its node in the network.
    pub node: usize,
    /// The chain that the honest machine inside follows.
    pub chain: &'a Chain<CrashStore>,
    /// Virtual time since the run began.
    pub now: Duration,
    /// Unix time in milliseconds, as the node's clock shows it.
    pub unix_ms: u64,
    /// Random numbers from the run's seed.
    pub dice: &'a mut Dice,
}

/// What a tactic does with a message that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The machine inside hears it.
    Pass,
    /// The machine inside hears it, and then the tactic says this.
    PassAnd(Vec<Said>),
    /// The tactic says this instead, and the machine inside never hears it.
    Instead(Vec<Said>),
}

impl From<Option<Vec<Said>>> for Heard {
    /// An answer stands in place of the machine's; without one, the machine hears the message.
    fn from(answer: Option<Vec<Said>>) -> Self {
        answer.map_or(Self::Pass, Self::Instead)
    }
}

/// A way to misbehave. The default of every method changes nothing.
///
/// A tactic may keep a [`PrivateChain`]. As long as [`private`](Self::private) returns it, the node's hash rate searches
/// for the next block of that chain, and not for the one that the machine inside wants.
pub trait Tactic {
    /// Decides what replaces an outgoing message of the machine inside.
    fn outgoing(&mut self, said: Said, _: &mut Scene<'_>) -> Vec<Said> {
        vec![said]
    }

    /// Decides what becomes of a message that has arrived.
    fn incoming(&mut self, _from: NodeId, _: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        Heard::Pass
    }

    /// Decides what replaces the payload of an outgoing message, tag and body; it need not be a message any more.
    fn encoded(&mut self, _to: Option<NodeId>, payload: Vec<u8>, _: &mut Scene<'_>) -> Vec<u8> {
        payload
    }

    /// Speaks after the machine inside has moved to another tip.
    fn moved(&mut self, _: &mut Scene<'_>) -> Vec<Said> {
        Vec::new()
    }

    /// Returns the chain for whose next block the node searches; `None` while the machine inside decides that.
    fn private(&mut self) -> Option<&mut PrivateChain> {
        None
    }

    /// Speaks after a block of the private chain was found, which holds it by now.
    fn found(&mut self, _: &Block, _: &mut Scene<'_>) -> Vec<Said> {
        Vec::new()
    }

    /// Returns whether the machine inside hears the blocks that [`moved`](Self::moved), [`found`](Self::found) and
    /// [`tick`](Self::tick) publish to everybody, as if a peer had sent them. Without it, the machine learns of them only
    /// when others build on them. It needs a relay, and a peer that has spoken before.
    fn hears_itself(&self) -> bool {
        false
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

    /// Returns the interval between two ticks; `None` for a tactic that has none.
    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }
}

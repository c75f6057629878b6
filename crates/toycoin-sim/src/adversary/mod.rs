//! Adversaries: an honest machine, and a tactic that tampers with what it says.
//!
//! ```text
//!   relay ──▶ Tampering ──▶ NodeMachine      incoming: the tactic may answer in its place
//!   relay ◀── Tampering ◀── NodeMachine      outgoing: the tactic changes, drops and adds
//!                 ▲ tick: the tactic speaks up by itself
//! ```

mod claims;
mod flood;
mod forge;
mod headers;
mod mixed;
mod noise;
mod questions;
mod serve;
mod signatures;
mod statuses;
mod tampering;
mod trickle;

use std::time::Duration;

use toycoin_core::chain::Chain;
use toycoin_wire::{NodeId, node::NodeMessage};

pub use self::{
    claims::{Claim, ClaimsWork, Evasion},
    flood::{BodyFlood, ConflictFlood, OrphanFlood},
    forge::{Flaw, ForgedChain, InvalidBlocks, LighterChain},
    headers::HeaderFlood,
    mixed::Mixed,
    noise::Noise,
    questions::{Question, QuestionFlood},
    serve::{AnswersNotFound, Mutates, Silent, StallsAfterHeaders},
    signatures::{BadOrphans, BadPayments},
    statuses::StatusFlood,
    tampering::Tampering,
    trickle::TrickledBodies,
};
use crate::{dice::Dice, store::CrashStore};

/// What a tactic says: to one peer, or to everybody.
pub type Said = (Option<NodeId>, NodeMessage);

/// What a tactic knows when it is asked.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The chain that the honest machine inside follows.
    pub chain: &'a Chain<CrashStore>,
    /// Unix time in milliseconds.
    pub unix_ms: u64,
    /// Seeded randomness.
    pub dice: &'a mut Dice,
}

/// A way to misbehave. Every method leaves things as they are unless it is written.
pub trait Tactic {
    /// Decides what becomes of a message of the machine inside.
    fn outgoing(&mut self, said: Said, _: &mut Scene<'_>) -> Vec<Said> {
        vec![said]
    }

    /// Answers a message in place of the machine inside, which does not hear of it then; `None` lets it through.
    fn incoming(&mut self, _from: NodeId, _: &NodeMessage, _: &mut Scene<'_>) -> Option<Vec<Said>> {
        None
    }

    /// Speaks up by itself.
    fn tick(&mut self, _: &mut Scene<'_>) -> Vec<Said> {
        Vec::new()
    }

    /// Publishes payloads that are no messages of nodes, whenever it speaks up by itself.
    fn payloads(&mut self, _: &mut Scene<'_>) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Returns whether it leaves its relays each time that it has spoken up: it comes back under another node id.
    fn hangs_up(&self) -> bool {
        false
    }

    /// Returns how often it speaks up.
    fn interval(&self) -> Duration {
        Duration::from_secs(5)
    }
}

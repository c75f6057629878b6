//! Adversaries: an honest machine with a tactic that tampers with its messages.
//!
//! ```text
//!   relay ──▶ Tampering ──▶ NodeMachine      incoming: the tactic may answer instead of it
//!   relay ◀── Tampering ◀── NodeMachine      outgoing: the tactic changes, drops and adds
//!                 ▲ tick: the tactic sends messages unasked
//! ```
//!
//! A tactic that keeps a [`PrivateChain`] has the node's hash rate search for the next block of that chain.

mod claims;
mod compact;
mod false_answer;
mod flood;
mod forge;
mod headers;
mod invalid_blocks;
mod lie;
mod light_liar;
mod lighter_chain;
mod mixed;
mod noise;
mod private;
mod questions;
mod search;
mod serve;
mod signatures;
mod statuses;
mod tactic;
mod tampering;
mod trickle;

use self::false_answer::false_answer;
pub(crate) use self::search::is_private;
pub use self::{
    claims::{Claim, ClaimsWork, Evasion},
    compact::FalseCompactBlocks,
    flood::{BodyFlood, ConflictFlood, OrphanFlood},
    forge::ForgedChain,
    headers::HeaderFlood,
    invalid_blocks::{Flaw, InvalidBlocks},
    lie::Lie,
    light_liar::LightLiar,
    lighter_chain::LighterChain,
    mixed::Mixed,
    noise::Noise,
    private::PrivateChain,
    questions::{Question, QuestionFlood},
    serve::{AnswersNotFound, Mutates, Silent, StallsAfterHeaders},
    signatures::{BadOrphans, BadPayments},
    statuses::StatusFlood,
    tactic::{Heard, Said, Scene, Tactic},
    tampering::Tampering,
    trickle::TrickledBodies,
};

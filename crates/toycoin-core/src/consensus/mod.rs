//! The consensus rules, on which all implementations must agree to the bit.
//!
//! A block is judged in stages. Each stage needs more data and costs more than the one before it:
//!
//! ```text
//!   Block ── form ─▶ header ─▶ body ─▶ CheckedBlock ── gather coins ─▶ connect ─▶ ConnectedBlock
//!            R01-07   R08-14   R15-21                                   R22-32
//!            R33
//!            alone    against  alone                   from a view      against the state;
//!                     parents                                           signatures as one step
//! ```
//!
//! Every rule ([`Rule`]) has a number, a sentence and a section in docs/consensus.md. It has one error variant
//! ([`RuleError`]) and one test that breaks it alone. Nothing here reads a clock, a network or a store.

mod body;
mod connect;
mod enforcement;
mod error;
mod form;
mod gather;
mod header;
mod payments;
mod signature_cache;
mod signatures;
#[cfg(test)]
mod tests;

pub use self::{
    body::CheckedBlock,
    connect::{BlockContext, ConnectedBlock, connect, connect_prepared},
    error::RuleError,
    form::{check_form, check_transaction_form},
    gather::{BlockCoins, gather},
    header::{HeaderContext, check_header, check_proof_of_work},
    payments::{JudgedTransaction, judge_transaction},
    signature_cache::CachingVerifier,
    signatures::{BatchVerifier, PlainVerifier, SignatureCheck, SignatureVerifier},
};
pub(crate) use self::{
    body::{check_body, check_extra},
    connect::{Judged, Transition, apply_prepared, judge, prepared, transition},
    form::check_block_size,
    gather::coinbase_coins,
    header::check_time_range,
    payments::push_checks,
};
pub use crate::rule::{Rule, RuleSet};

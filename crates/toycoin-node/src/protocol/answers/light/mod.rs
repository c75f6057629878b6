//! Answers to light clients: proofs of work and of ancestry, receipts, filters, and snapshots.
//!
//! ```text
//!   GPRF ─▶ PROF, or HDRS while the chain is short       GTXP ─▶ TXPR
//!   GANC ─▶ ANCS                                         GFIL ─▶ FILT        and NOTF for what is not here
//!   GSNP ─▶ SNPM                                         GCHK ─▶ CHNK
//! ```
//!
//! A node that began at a snapshot has none of it, since it has not the chain below.
//!
//! Each answer is planned from what is in memory, or for receipts from an index. The plan is an upper bound. It is
//! charged before anything is read or hashed, and what was not used is given back. So a light client pays for a proof
//! as a node does for a page of headers, and takes turns with all other peers.

mod filters;
mod proofs;
mod question;
mod receipts;
mod snapshots;

use std::fmt::Display;

use toycoin_core::{chain::Chain, store::ChainStore};
use toycoin_wire::node::NodeMessage;

pub(in crate::protocol) use self::question::LightQuestion;
use super::{
    kept_bodies::KeptBodies,
    questions::{Plan, Source},
};
use crate::limits;

/// An answer, and what it cost.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) message: Option<NodeMessage>,
    /// The hashes of what was asked for and is not here.
    pub(super) missing: Vec<[u8; 32]>,
    /// The length of the message's body, in bytes.
    pub(super) bytes: u64,
    /// Tokens that were used, at most those of the plan.
    pub(super) tokens: u64,
}

impl Given {
    /// Returns the answer that something asked for is not here.
    fn missing(hash: [u8; 32], tokens: u64) -> Self {
        Self { message: None, missing: vec![hash], bytes: 0, tokens }
    }
}

/// Plans the answer to a question.
pub(super) fn plan<S: ChainStore<Error: Display>>(
    question: &LightQuestion,
    chain: &Chain<S>,
    kept: &mut KeptBodies,
) -> Result<Plan, String> {
    if chain.snapshot_height().is_some() {
        return Ok(Plan { tokens: 0, length: limits::MAX_ENVELOPE_BYTES, source: Source::Chain });
    }
    match question {
        LightQuestion::Proof(request) => Ok(proofs::plan_work(request, chain)),
        LightQuestion::Ancestors(request) => Ok(proofs::plan_ancestors(request, chain)),
        LightQuestion::Receipts(request) => receipts::plan(request, chain, kept),
        LightQuestion::Filters(request) => Ok(filters::plan(request, chain)),
        LightQuestion::Manifest(block) => Ok(snapshots::plan_manifest(block, chain)),
        LightQuestion::Chunk(request) => Ok(snapshots::plan_chunk(request, chain)),
    }
}

/// Gives the answer to a question, for the tokens of its plan.
pub(super) fn give<S: ChainStore<Error: Display>>(
    question: &LightQuestion,
    plan: &Plan,
    chain: &Chain<S>,
    kept: &mut KeptBodies,
) -> Result<Given, String> {
    if chain.snapshot_height().is_some() {
        return Ok(Given { message: None, missing: question.hashes(), bytes: 0, tokens: 0 });
    }
    match question {
        LightQuestion::Proof(request) => proofs::give_work(request, plan, chain),
        LightQuestion::Ancestors(request) => proofs::give_ancestors(request, plan, chain),
        LightQuestion::Receipts(request) => receipts::give(request, plan, chain, kept),
        LightQuestion::Filters(request) => filters::give(request, plan, chain),
        LightQuestion::Manifest(block) => Ok(snapshots::give_manifest(block, plan, chain)),
        LightQuestion::Chunk(request) => snapshots::give_chunk(request, plan, chain),
    }
}

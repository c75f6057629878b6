//! A test kit: chains of headers that may lie, a slow prover over them, and a verifier that overlooks what it is told
//! to.
//!
//! ```text
//!   HeaderChain   headers with true or invented work ──▶ Prover: any proof, from a plain list ──▶ verify()
//!   networks      easy ones, with retargeting and without             verify_pardoning(): a check switched off
//! ```

mod header_chain;
pub mod networks;
mod pardon;
mod prover;

pub use self::{
    header_chain::{Draft, Entry, HeaderChain, mine, work_of},
    pardon::verify_pardoning,
    prover::Prover,
};

//! One mutation per rule. Each makes the valid block of a [`Scene`](crate::test_util::Scene) break its rule, and no rule
//! that is judged earlier.
//!
//! A mutation repairs everything else: signatures, reward, roots, proof of work. The block is thus what a cheat who
//! knows the rules would send. Some rules cannot be broken alone: no coinbase can claim fees above the money limit, for
//! example. Then the mutation breaks the rule that is judged first; tests/rules.rs has the list.

mod body;
mod header;
mod ledger;
mod list;
mod mutation;
mod transaction;

pub use self::{
    list::{all, of},
    mutation::{Mutation, Setting},
};

//! The gallery of rules: for each rule a story of what happens without it, run on a chain, and its refusal.
//!
//! ```text
//!   Script ─▶ Play ─┬─▶ verifier with the rule off ─▶ the cheat succeeds ─┐
//!                   ├─▶ verifier with the rule on ──▶ refused by the rule ├─▶ Exhibit
//!                   └─▶ verifier of the honest blocks ─▶ what is normal ──┘
//! ```
//!
//! Nothing in a story is assumed: gains, losses and the audit of the supply are counted in the verifiers' chains.
//!
//! ```
//! use toycoin_core::Rule;
//! use toycoin_lab::gallery;
//!
//! let exhibit = gallery::exhibit(Rule::ValueBalance);
//! assert!(exhibit.succeeds());
//! assert!(exhibit.before.holds() && !exhibit.after.holds());
//! println!("{exhibit}");
//! ```

mod account;
mod cast;
mod codes;
mod count;
mod exhibit;
mod page;
mod play;
mod quantity;
mod refusal;
mod run;
mod script;
mod scripts;
mod stage;
mod supply;
mod table;
mod tell;
#[cfg(test)]
mod tests;
mod verifier;
mod wrap;

pub use self::{
    cast::{Person, Victim},
    exhibit::{Exhibit, Off, On, Story, Tally},
    quantity::{Quantity, Unit},
    refusal::Refusal,
    run::{all, exhibit},
    supply::Supply,
    table::table,
};

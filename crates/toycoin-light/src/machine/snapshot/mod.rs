//! The snapshot sync as a state machine: it finds the UTXO set of a proved block among servers that may lie.
//!
//! ```text
//!   proof of work ──▶ tip            as the light client; the most proved work wins
//!   GSNP zeros    ──▶ SNPM           from every server: offers, grouped by the manifest's id
//!   GANC h-1, h   ──▶ ANCS           block h is an ancestor of the tip: its opening, and the range of its ancestors
//!   GSNP block h  ──▶ SNPM           the chunks' hashes, which were not kept of any offer
//!   GCHK          ──▶ CHNK           from everybody who offers that id, at most 4 in flight each
//! ```
//!
//! A chunk goes out as soon as it is checked, so none is kept. What is false convicts whoever sent it, or whoever offered
//! the id; see [`toycoin_core::snapshot`]. Then the machine begins anew with the servers that are left. One honest
//! server is enough, however many lie.

mod attempt;
mod download;
mod io;
mod offers;
mod origin;
mod sync;

pub use self::{
    io::{Input, Output, Snapshot, SnapshotFailure},
    sync::{SnapshotConfig, SnapshotMachine},
};

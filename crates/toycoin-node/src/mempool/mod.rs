//! Transactions that wait for a block: policy, not consensus.
//!
//! ```text
//!   submit ─▶ form, coins (the pool's own, then the chain's), fee, conflicts, relatives, room, signatures last ─▶ entry
//!      └─ a parent is missing ─▶ orphans, bounded, handed back to be submitted again when it comes
//!   block_connected ─▶ what it holds leaves by txid, what conflicts with it is dropped with a reason
//!   block_returned  ─▶ what left the chain comes back, oldest first
//!   select          ─▶ parents before children, the best fee rate first
//! ```
//!
//! Nothing leaves the pool but into a block, for a conflict, for a better payer, or for room; and each but the first is
//! told with its reason. A transaction that is refused has moved nothing: everything is judged before anything is done.
//!
//! Each entry carries fees and bytes of its **package** in both directions: with all that it spends from, which is what a
//! miner gets who takes it, and with all that spends from it, which is what the pool loses with it. Both are kept as
//! entries come and go, so that neither a full pool nor a large family makes a submission or a template slow.

mod admission;
mod admit_error;
mod ahead;
mod drop_reason;
mod entries;
mod entry;
mod eviction;
mod family;
mod orphans;
mod package;
mod pool;
mod refused;
mod reorganisation;
mod replacement;
mod select;
#[cfg(test)]
mod tests;

pub use self::{
    admission::{Accepted, Admission},
    admit_error::AdmitError,
    ahead::VerifiedAhead,
    drop_reason::DropReason,
    orphans::Orphan,
    pool::{Mempool, MempoolConfig},
    reorganisation::{Reorganisation, Reorganised},
};

//! The mempool: transactions that wait for a block. This is policy, not consensus.
//!
//! ```text
//!   submit ─▶ form, coins (the pool's own, then the chain's), fee, conflicts, relatives, room, signatures last ─▶ entry
//!      └─ a parent is missing ─▶ orphan pool, bounded; returned for a new submission when the parent comes
//!   block_connected ─▶ its transactions leave by txid, conflicting ones are dropped with a reason
//!   block_returned  ─▶ transactions that left the chain come back, oldest first
//!   select          ─▶ parents before children, the best fee rate first
//! ```
//!
//! A transaction leaves the pool only into a block, for a conflict, for a better payer (replace-by-fee), or for room
//! (eviction). Each but the first is reported with its reason. A refused transaction changes nothing, because all
//! checks come before any change.
//!
//! Each entry carries the fees and bytes of its **package** in both directions. The package of its ancestors is what a
//! miner takes with it (CPFP), the package of its descendants is what the pool loses with it. Both are updated as
//! entries come and go, so neither a full pool nor a large family slows a submission or a block template.

mod admission;
mod admit_error;
mod ahead;
mod drop_reason;
mod entries;
mod entry;
mod eviction;
mod family;
mod order;
mod orphans;
mod package;
mod page;
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
    page::{MempoolCursor, MempoolEntry, MempoolPage},
    pool::{Mempool, MempoolConfig},
    reorganisation::{Reorganisation, Reorganised},
};

//! Headers first: the node downloads headers before it requests any body. Initial block download (IBD) begins this way,
//! and so does every later reorganisation.
//!
//! ```text
//!   STAT with more work ─▶ wait a random moment ─▶ GHDR ─▶ HDRS ... ─▶ more work than our tip's? into the tree
//!                                                     └─ again, from the last one ◀─ not yet: held back, bounded
//! ```
//!
//! The node searches on all relay connections at once, each by itself, so that liars on one cannot slow another. On
//! each connection, peers that have delivered are asked first. While there are none, the node asks newcomers in rounds
//! with a short timeout, each round twice as large as the one before. A claim costs nothing, so no single claim may
//! delay the others. Late answers are still accepted.

mod asked;
mod held;
mod search;
mod sync;

pub(super) use self::sync::HeaderSync;

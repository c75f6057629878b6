//! Compact blocks: what is published in place of whole blocks, and how those that come are rebuilt.
//!
//! ```text
//!   CBLK ─▶ header checked ─▶ payments that wait here ─┬─▶ complete ──────────────▶ as a block that came
//!                                                      ├─▶ GBTX ─▶ BTXS ─▶ filled ─┘
//!                                                      └─▶ too much is missing, ids collide, Merkle root differs:
//!                                                          GBLK of the sender, then of others as for any body
//! ```
//!
//! While a compact block waits, its block is a body on its way from the sender. So an answer that is late, a NOTF and a
//! sender that leaves have the same consequences as with any other body.

mod arriving;
mod message;
mod waiting;

pub(super) use self::{message::message, waiting::CompactBlocks};

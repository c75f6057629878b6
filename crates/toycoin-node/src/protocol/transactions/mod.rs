//! Unconfirmed transactions: from peers and the embedder into the mempool, on to other relays, and again until they
//! are confirmed or dropped.
//!
//! ```text
//!   TXN ─▶ arrivals ─▶ mempool ─┬▶ forwarded
//!                        ▲      ├▶ dropped, with the reason ─▶ waits end
//!   submit ──────────────┘      └▶ confirmed ─▶ waits end
//!                └─▶ own payments, sent again until then
//! ```

mod arrivals;
mod confirming;
mod decoded;
mod drops;
mod fair_queue;
mod own_payments;
mod rebroadcast;
mod relay;
mod restore;
mod waits;

pub use self::decoded::DecodedTransactions;
pub(super) use self::{fair_queue::Rank, rebroadcast::Rebroadcast, relay::TransactionRelay};

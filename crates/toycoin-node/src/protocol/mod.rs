//! The node as a machine: relay connections, peers, the chain, the mempool, mining, and the embedder's requests.
//!
//! ```text
//!   Received ─▶ links (RelayClient) ─▶ payloads ─┬─ STAT HDRS ─▶ headers ─┐
//!                                                ├─ BLOC CBLK NOTF ─▶ bodies, blocks ─▶ Chain ─▶ events, waits,
//!                                                ├─ TXN  ──────▶ transactions ─▶ Mempool      announcements
//!                                                └─ GHDR GBLK GTXN GBTX ─▶ serve                       │
//!   Request ─▶ requests          Mined ─▶ mining ◀──────────────── templates ◀─────────────────────┘
//! ```
//!
//! Everything from outside is bounded. [`limits`](crate::limits) bounds the tables. Each call judges at most one block,
//! and the remaining work follows as an immediate timeout. A peer's misbehaviour costs that peer, never the node.

mod announce;
mod announcements;
mod answers;
mod backlog;
mod barrier;
mod blocks;
mod bodies;
pub(crate) mod budget;
mod claims;
mod clock;
mod clock_readings;
mod clock_warning;
mod compact;
mod config;
mod connecting;
#[cfg(feature = "test-util")]
mod counts;
mod durability;
mod event;
mod following;
mod headers;
mod io;
mod lag;
mod lanes;
mod link_timeouts;
mod links;
mod lone_headers;
mod machine;
mod mesh;
mod meshes;
mod mining;
mod missed;
mod mutes;
mod net;
mod pause;
mod peer_key;
mod peers;
mod receiving;
mod requests;
mod standing;
mod tickets;
mod transactions;
mod unanswered;
mod waiting_blocks;

#[cfg(feature = "test-util")]
pub use self::counts::Counts;
pub use self::{
    claims::{Claims, PeerClaim},
    clock_warning::{ClockCause, ClockSuspect, ClockWarning},
    config::NodeConfig,
    event::{Event, MuteReason, Reorg, TransactionOrigin},
    io::*,
    machine::NodeMachine,
    mesh::{Direction, Judgement, Missed, QuestionId, Ticket, Unanswered, Via},
    transactions::DecodedTransactions,
};

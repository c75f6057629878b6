//! The relay: it moves envelopes from publishers to the subscribers of a channel, without reading their contents.
//!
//! It is a [`Machine`](crate::machine::Machine). It owns every queue, because the rules for dropping messages are part
//! of the protocol, and it owns no socket. It has few outputs: a connection with bytes to write is announced once, not
//! once per message. The driver then pulls bytes with [`RelayMachine::next_write`] as fast as its socket takes them,
//! and reports how many it took.
//!
//! ```text
//!   Received ──▶ FrameDecoder ──▶ channel ──▶ one encoded DELV, shared ──▶ queue of each subscriber
//!                                                                               │
//!                                     Writable(connection), once ◀──────────────┤
//!                                next_write() ──▶ socket ──▶ Written ───────────▶ taken off the queue
//! ```
//!
//! A publisher never waits. The relay drops what a subscriber does not read in time, and marks the gap with a `LAGD`.
//! There are bounds on each queue, on all queues together, and on incomplete frames. The publisher that fills a queue
//! loses first: the origins of the waiting messages share the queue's room, and an origin below its share loses
//! nothing.
//!
//! What happens can be observed: [`RelayMachine::observe`] and [`RelayEvent`]. Without an observer that costs nothing.

mod batch;
mod channels;
mod config;
mod connection;
mod connection_id;
mod controls;
#[cfg(feature = "test-util")]
mod counts;
mod deliveries;
mod entry;
mod event;
mod io;
mod machine;
mod observation;
mod origin;
mod queue;
mod ranking;
mod reason;
mod receive;
mod route;
mod shares;
mod shed;
mod stats;
mod timers;

pub use self::{
    config::RelayConfig,
    connection_id::ConnectionId,
    event::RelayEvent,
    io::{RelayInput, RelayOutput},
    machine::RelayMachine,
    origin::Source,
    reason::CloseReason,
    stats::RelayStats,
};

#[cfg(feature = "test-util")]
pub use self::counts::RelayCounts;

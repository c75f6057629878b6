//! The relay: moves envelopes from publishers to the subscribers of a channel, and looks into none of them.
//!
//! It is a [`Machine`](crate::machine::Machine): it owns every queue, for what is dropped and when is protocol, and no
//! socket. The outputs are few. A connection that has something to be written is named once, not once a message; the
//! driver then pulls bytes with [`RelayMachine::fill`] as fast as its socket takes them, and says how many it took.
//!
//! ```text
//!   Received ──▶ FrameDecoder ──▶ channel ──▶ one encoded DELV, shared ──▶ queue of each subscriber
//!                                                                               │
//!                                     Writable(connection), once ◀──────────────┤
//!                                     fill() ──▶ socket ──▶ Written ────────────▶ taken off the queue
//! ```
//!
//! A publisher never waits. What a subscriber does not read in time is dropped, and a `LAGD` stands where it was. Three
//! bounds hold: on a queue, on all queues together, and on frames that have begun and not ended. Who fills a queue loses
//! first: its room is shared by the origins of what waits in it, and one that holds less than its share loses nothing.

mod channels;
mod config;
mod connection;
mod controls;
#[cfg(feature = "test-util")]
mod counts;
mod deliveries;
mod machine;
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

pub use config::RelayConfig;
#[cfg(feature = "test-util")]
pub use counts::RelayCounts;
pub use machine::{ConnectionId, RelayInput, RelayMachine, RelayOutput};
pub use origin::Source;
pub use reason::CloseReason;
pub use stats::RelayStats;

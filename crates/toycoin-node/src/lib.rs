//! A full node and a relay of toycoin, to embed, to test with, and to read.
//!
//! # A node in your program
//!
//! ```
//! # #[cfg(feature = "runtime")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use toycoin_core::{ChainParams, SecretKey};
//! use toycoin_node::NodeBuilder;
//!
//! let miner = SecretKey::classroom(0).public_key();
//! let node = NodeBuilder::new(ChainParams::regtest()).mine_to(miner).spawn().await?;
//! let mut blocks = node.events_since(node.params().genesis_hash());
//! let first = blocks.next().await?.expect("the node runs");
//! println!("{first:?}");
//! node.shutdown().await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "runtime"))]
//! # fn main() {}
//! ```
//!
//! This node keeps its chain in memory and has no peers. [`NodeBuilder::relay`] lets it meet others, and
//! [`NodeBuilder::store`] with a [`RedbStore`] keeps its chain on disk.
//!
//! # The story of a node
//!
//! **A relay** is a meeting point. It passes envelopes between clients and knows nothing of coins or blocks. It gives each
//! client a bounded queue and drops what a slow one does not read, so nobody can exhaust its memory.
//!
//! **A node trusts nobody.** Peers that it meets on a relay claim that their chain has some work. The node asks for headers
//! first (128 bytes each), checks their proof of work, and holds them back until they show more work than its own chain.
//! Only then does it ask for the blocks. This is initial block download (IBD), and every later reorganisation works alike.
//!
//! **Every block is judged** by the rules of `toycoin-core`, and the chain with the most work is the active one (fork
//! choice). A block that breaks a rule is refused with the rule's name, and its sender is muted for a time. Each sender
//! pays for the work that it causes: signatures, reads from disk, and answers have budgets per peer and per connection.
//!
//! **Payments wait in the mempool** until a block holds them. The node publishes payments that were submitted to it
//! again and again until their confirmation, even after a restart. They come back when a reorganisation removes their
//! block.
//!
//! **Miners** search the nonce of the node's block template on threads of their own, and start anew when the tip moves.
//!
//! # How it is built
//!
//! Node and relay are **state machines without I/O** ([`machine::Machine`]): they take inputs and the time, and return
//! outputs. They own no socket, task, clock, thread or randomness. So the same code runs over TCP, in a test one input
//! at a time, and under the virtual time of `toycoin-sim`. Two runs with the same inputs give the same outputs.
//!
//! ```text
//!   lower half, always built   relay        envelopes between clients: read it first, it is the smaller one
//!                              client       the other end of a relay connection
//!                              protocol     the node: peers, headers first, blocks, payments, mining
//!                              mempool      payments that wait for a block
//!                              peering      whom to connect to without a relay: addresses and slots
//!                              log_limiter  a rate limit for log lines that strangers can cause
//!   feature `redb`             store        a chain kept on disk
//!   feature `runtime`          rt           sockets, threads and clocks around the machines
//! ```
//!
//! A machine is driven like this:
//!
//! ```
//! use toycoin_core::{ChainParams, chain::Chain};
//! use toycoin_node::{
//!     machine::{Machine, Now},
//!     protocol::{Input, NodeConfig, NodeMachine, Output, Request, RequestId, Response},
//! };
//!
//! let params = ChainParams::lab();
//! let mut node = NodeMachine::new(Chain::in_memory(params.clone()), NodeConfig::new(&params), Now::default());
//! node.handle(Now::default(), Input::Request { id: RequestId(1), request: Request::Status });
//! let Some(Output::Reply { response, .. }) = node.poll_output() else { panic!("an answer at once") };
//! assert!(matches!(*response, Response::Status(status) if status.tip.hash == params.genesis_hash()));
//! ```
//!
//! # Features
//!
//! `runtime` and `redb` are on by default. `test-util` shows how much the machines hold, for tests of their bounds.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod client;
pub mod limits;
pub mod log_limiter;
pub mod mempool;
pub mod peering;
pub mod protocol;
pub mod relay;
#[cfg(feature = "runtime")]
pub mod rt;
#[cfg(feature = "redb")]
pub mod store;

#[cfg(feature = "runtime")]
#[doc(inline)]
pub use self::rt::light;
#[cfg(feature = "runtime")]
#[doc(inline)]
pub use self::rt::{
    BlockEvent, EventsSince, ExportError, Full, Listener, ListenerEvent, MeshCommand, MeshEnd, MeshEvent, MeshPort,
    NodeBuilder, NodeHandle, PaymentError, RelayError, RelayEvents, RelayHandle, RelayServer, RelayState,
    RelayStatsReader, SinceError, SpawnError, Stopped, mesh_port,
};
#[cfg(all(feature = "runtime", feature = "redb"))]
#[doc(inline)]
pub use self::rt::{SnapshotProgress, SnapshotSync, SnapshotSyncError, Validation, ValidationError, run_snapshot_job};
#[cfg(feature = "redb")]
#[doc(inline)]
pub use self::store::RedbStore;
#[doc(inline)]
pub use self::{protocol::Event, relay::RelayConfig};
pub use toycoin_wire::machine;

/// The example of the README, as a test.
#[cfg(all(doctest, feature = "runtime"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

//! Node and relay of toycoin.
//!
//! Both are **state machines without I/O** ([`machine::Machine`]): they are handed inputs and the time, and hand back
//! outputs. They own no socket, task, clock, thread or randomness, so the same code runs over TCP, in a test one input at a
//! time, and under virtual time; two runs that are fed the same give the same outputs, byte for byte.
//!
//! ```text
//!   lower half, always built     relay      envelopes between clients: read it first, it is the smaller one
//!                                client     the other end of a relay connection
//!                                protocol   the node: peers, headers first, blocks, payments, mining
//!                                mempool    payments that wait for a block
//!                                log_limiter  log lines that strangers can cause, rate-limited
//!   `redb`                       store      a chain kept on disk
//!   upper half, `runtime`        rt         sockets, threads and clocks: NodeBuilder, NodeHandle, RelayServer
//! ```
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

pub mod client;
pub mod limits;
pub mod log_limiter;
pub mod machine;
pub mod mempool;
pub mod protocol;
pub mod relay;
#[cfg(feature = "runtime")]
pub mod rt;
#[cfg(feature = "redb")]
pub mod store;

/// README's example, tested.
#[cfg(all(doctest, feature = "runtime"))]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

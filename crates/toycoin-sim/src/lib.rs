//! A whole network of toycoin in one process, from one seed.
//!
//! Nodes and relays are the very [machines](toycoin_node::machine::Machine) that the programs run; here they are fed by a
//! queue of what happens when. Time is virtual, links are drawn, and so is who finds which block: two runs of one seed
//! are the same to the byte, which their [trace hashes](Run::trace_hash) show. Whatever goes wrong can be seen again.
//!
//! ```text
//!   Simulation::builder(seed) ─▶ nodes, links, payments, faults, adversaries ─▶ run ─┬─▶ Run: tips, forks, times, trace
//!                                     invariants, after every event ─────────────────┴─▶ Violation: seed, event, what
//! ```
//!
//! ```
//! use std::time::Duration;
//! use toycoin_sim::{Link, Simulation};
//!
//! let seconds = Duration::from_secs;
//! let run = Simulation::builder(42)
//!     .nodes(5)
//!     .hash_rates([10, 10, 10, 10, 30])
//!     .link(Link::wan())
//!     .partition(seconds(20)..seconds(60), [0, 1], [2, 3, 4])
//!     .payments_per_second(1.0)
//!     .invariant("nobody runs away", |net| (net.height() < 1_000).then_some(()).ok_or_else(|| "too high".into()))
//!     .run_until(|net| net.height() >= 40)?;
//! assert!(run.converged() && run.deepest_reorg() < 40);
//! # Ok::<(), toycoin_sim::Violation>(())
//! ```
//!
//! # Time and work
//!
//! All rules are enforced, the proof of work's too, on a [network of its own](params) whose targets are easy: when a
//! block is found is drawn from hash rate and target, and its nonce is then searched for in some hundred tries.
//!
//! # Links
//!
//! Nodes meet on relays, or are linked in pairs by a relay each. A [`Link`] is a TCP connection: late, never
//! out of order. A partition is a relay that hands nothing from some nodes to others.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adversary;
mod arithmetic;
mod builder;
mod dice;
mod fault;
mod invariant;
mod latency;
mod ledger;
mod link;
mod network;
mod node_spec;
mod params;
mod participant;
mod planted;
mod report;
mod running;
mod spending;
mod store;
mod topology;
mod trace;
mod verifier;

#[cfg(feature = "test-util")]
pub use self::planted::Planted;
pub use self::{
    builder::Simulation,
    dice::Dice,
    fault::{Fault, FaultKind, Scheduled},
    invariant::INVARIANTS,
    latency::Latency,
    link::Link,
    network::Network,
    params::{params, spec},
    participant::{Foreign, Participant},
    report::{Run, Statistics, Violation},
    spending::{Spending, SpendingPattern},
    store::{CrashStore, Disk},
    topology::Topology,
    trace::Trace,
    verifier::MemoVerifier,
};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

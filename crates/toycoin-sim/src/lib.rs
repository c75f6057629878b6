//! Simulator: a whole network of toycoin in one process, from one seed.
//!
//! Nodes and relays are the same [machines](toycoin_node::machine::Machine) that the programs run. Here a queue of
//! events in order of time feeds them. Time is virtual, links are drawn, and so is which node finds which block. Two
//! runs of one seed are identical to the byte, which their [trace hashes](Run::trace_hash) show. Every failure can be
//! reproduced.
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
//! # Step by step
//!
//! [`Simulation::start`] returns the running [`Network`] instead. [`Network::run_to`] steps through it; faults, payments,
//! hash rates, links and new nodes may come in between. [`Network::observe`] tells typed facts, such as messages with
//! their tags and blocks with their parents. Neither steps nor an observer change the trace.
//!
//! # Time and work
//!
//! All rules are enforced, including proof of work, on a [separate network](params) with easy targets. The time at
//! which a block is found is drawn from hash rate and target. Its nonce is then found within a few hundred tries.
//!
//! # Links
//!
//! Nodes meet on relays, or pairs of nodes are linked by one relay each. A [`Link`] is a TCP connection: it may be
//! late, but never delivers out of order. A partition is a relay that forwards nothing from some nodes to others.
//!
//! A large network is a [graph](Topology::Graph) whose edges have links of their own: [`Topology::random`] draws one,
//! and a [`Geography`] gives its edges their latencies. [`Simulation::wallets`] keeps its genesis small.
//!
//! On a [mesh](Topology::Mesh) there is no relay. Each node also runs the machine of peering, which dials others by
//! their addresses. Gossip goes from neighbour to neighbour, and a partition breaks connections.
//!
//! # Light clients
//!
//! [`Simulation::light_clients`] adds light clients: the machine of `toycoin-light` with the links, faults and crashes
//! of the nodes. A [`LightLiar`](adversary::LightLiar) is a full node that lies to them.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adversary;
mod arithmetic;
mod builder;
mod dice;
pub mod eclipse;
mod fault;
mod genesis;
mod geography;
mod invariant;
mod latency;
mod ledger;
mod light;
mod link;
mod network;
mod node_builder;
mod node_spec;
mod params;
mod participant;
mod planted;
mod relay_tactic;
mod report;
mod running;
mod settling;
mod shared_blocks;
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
    geography::{Geography, Region},
    invariant::{INVARIANTS, Watch},
    latency::Latency,
    light::LightClient,
    link::Link,
    network::{BlockFate, ControlError, Fact, FaultId, MessageKind, Network, PaymentFate, Seen, SeenMessage},
    params::{miner_key, params, spec, wallet_key},
    participant::{Foreign, Participant},
    relay_tactic::{Passage, RelayTactic},
    report::{Run, Statistics, Violation},
    spending::{Spending, SpendingPattern},
    store::{CrashStore, Disk},
    topology::Topology,
    trace::Trace,
    verifier::MemoVerifier,
};

/// Doctest of the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

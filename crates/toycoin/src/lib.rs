//! All of toycoin behind one dependency: a proof-of-work blockchain, sound enough to trust and clear enough to learn from.
//!
//! | module | what it has | feature |
//! | --- | --- | --- |
//! | [`core`] | rules, ledger, chain engine, wallet: no clock, network, database or randomness | always |
//! | [`wire`] | frames and messages | `wire` |
//! | [`node`] | node and relay as state machines; with `runtime` on sockets, with `redb` on disk | `node` |
//! | [`sim`](https://docs.rs/toycoin-sim) | whole networks under virtual time, with faults, adversaries and invariants | `sim` |
//!
//! The names that most programs need stand at the root as well. `node`, `runtime` and `redb` are on by default; what
//! needs none of them says `default-features = false` and pulls `core` alone.
//!
//! # A chain in memory
//!
//! ```
//! use toycoin::{Amount, Applied, Chain, ChainParams, SecretKey, TransactionBuilder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut chain = Chain::in_memory(ChainParams::regtest());
//! let (alice, bob) = (SecretKey::classroom(0), SecretKey::classroom(1));
//! let payment = TransactionBuilder::new(chain.params())
//!     .spend(chain.coins_of(&alice.public_key())?)
//!     .pay(chain.params().address(bob.public_key()), Amount::from_toycoins(3)?)
//!     .change_to(chain.params().address(alice.public_key()))
//!     .sign(&alice)?;
//! let now_ms = 1_767_225_700_000;
//! let block = chain.template(vec![payment], bob.public_key(), b"", now_ms)?.mine_trivial();
//! assert!(matches!(chain.apply(block, now_ms)?, Applied::Extended { height: 1 }));
//! # Ok(())
//! # }
//! ```
//!
//! # A node
//!
//! ```
//! # #[cfg(feature = "runtime")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use toycoin::{ChainParams, NodeBuilder};
//!
//! let node = NodeBuilder::new(ChainParams::lab()).spawn().await?;
//! assert_eq!(node.status().await?.tip.height, 0);
//! node.shutdown().await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "runtime"))]
//! # fn main() {}
//! ```
//!
//! # A network, one of whose nodes floods the others with headers
//!
//! ```
//! # #[cfg(feature = "sim")]
//! # fn main() -> Result<(), toycoin::sim::Violation> {
//! use toycoin::sim::{Simulation, adversary::HeaderFlood};
//!
//! let network = Simulation::builder(7).nodes(4).adversary(3, HeaderFlood::new(500));
//! let run = network.run_until(|network| network.height() >= 5)?;
//! assert!(run.converged());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sim"))]
//! # fn main() {}
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use toycoin_core as core;
#[doc(inline)]
pub use toycoin_core::{
    Address, Amount, Applied, Balance, Block, BlockHash, Chain, ChainError, ChainParams, ChainStore, Coin, FeeRate,
    Header, MemoryStore, NetworkSpec, OutPoint, PaymentStatus, PublicKey, Rule, RuleError, SecretKey, Tip, Transaction,
    TransactionBuilder, TxOut, Txid, Wallet,
};
#[cfg(feature = "node")]
#[doc(inline)]
pub use toycoin_node as node;
#[cfg(feature = "redb")]
#[doc(inline)]
pub use toycoin_node::RedbStore;
#[cfg(feature = "runtime")]
#[doc(inline)]
pub use toycoin_node::{
    BlockEvent, EventsSince, Listener, ListenerEvent, NodeBuilder, NodeHandle, PaymentError, RelayError, RelayEvents,
    RelayHandle, RelayServer, RelayStatsReader, SinceError, SpawnError, Stopped,
};
#[cfg(feature = "node")]
#[doc(inline)]
pub use toycoin_node::{Event, RelayConfig};
#[cfg(feature = "sim")]
#[doc(inline)]
pub use toycoin_sim as sim;
#[cfg(feature = "wire")]
#[doc(inline)]
pub use toycoin_wire as wire;

/// The example of the README, as a test.
#[cfg(all(doctest, feature = "runtime"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

//! Nodes of toycoin that are connected to each other directly, without a relay: over libp2p.
//!
//! # A network of two
//!
//! A carrier has one end of a port, and a node the other. Here nobody plays the node:
//!
//! ```
//! use toycoin_core::ChainParams;
//! use toycoin_node::rt::mesh_port;
//! use toycoin_p2p::{Config, ListenAddress, start};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let params = ChainParams::regtest();
//! let listen: ListenAddress = "/ip4/127.0.0.1/tcp/0".parse()?;
//!
//! // `port` belongs into a `NodeBuilder`
//! let (port, end) = mesh_port(1_024);
//! let first = start(Config::new(&params).listen(listen), end).await?;
//! let address = first.listening().pop().expect("it listens");
//!
//! let (second_port, end) = mesh_port(1_024);
//! let second = start(Config::new(&params).peer(address), end).await?;
//! println!("{} dials {}", second.peer_id(), first.peer_id());
//! # drop((port, second_port));
//! first.shutdown().await;
//! second.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The idea
//!
//! **The node decides, the carrier carries.** A node's machine knows blocks and payments, and nothing of sockets. The
//! carrier knows peers and streams, and nothing of chains: it passes payloads on, and does what the machine says of
//! them.
//!
//! ```text
//!   TCP → noise → yamux → identify   who is there, and of which network; then both sides have joined
//!                         ping       whether it still is
//!                         gossipsub  new transactions and blocks, to everybody
//!                         ask        questions and answers between two nodes
//! ```
//!
//! **Nothing goes on before it is judged.** A message that a neighbour gossips gets a ticket. The node judges the
//! ticket: accept, and the message goes to other neighbours; ignore, and it stays; reject, and it counts against the
//! neighbour. A node that is behind ignores, so that nobody is blamed for its load.
//!
//! **A question has one answer, of any number of frames.** An empty answer means "not now". Whoever sends a frame that
//! nobody expects, or one over its cap, is muted for a time.
//!
//! **Whom to connect to** is decided by [`toycoin_node::peering`], a machine without I/O that the carrier drives: an
//! address book, slots for connections, eviction, and mutes. Peers, addresses and mutes are kept in a file over a
//! restart.
//!
//! Everything has a bound ([`limits`]): connections, streams, messages that wait, bytes that have arrived in part, and
//! answers that a peer does not read.
//!
//! # Where to begin
//!
//! [`start`] and [`Config`] are all that a program needs. To read: `ask` (a codec of 250 lines), `gossip` (what each
//! knob of gossipsub does here), `gate` (who may connect), then `driver`. The protocol to the byte is in docs/p2p.md.
//!
//! # Features
//!
//! `test-util` has a swarm without a node behind it.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ask;
mod behaviour;
mod clock;
mod config;
mod driver;
mod error;
mod gate;
mod gossip;
mod handle;
mod identity;
mod ledger;
pub mod limits;
mod mdns;
mod mutes;
mod names;
mod one_connection;
mod peers_file;
mod pending;
mod start;
#[cfg(feature = "test-util")]
pub mod test_util;

pub use self::{
    config::{Config, ListenAddress},
    error::{KeyError, StartError},
    handle::{Counters, Handle, PeerReport},
    names::{NetworkNames, message_id, node_id},
    start::start,
};

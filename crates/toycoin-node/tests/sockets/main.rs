//! Nodes and relays on loopback sockets, and meshes that are carried within one process.

#![cfg(feature = "runtime")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod carrier;
mod common;
mod conflicting_halves;
mod life_of_a_handle;
mod light_client;
mod node_handle;
mod node_sockets;
mod relay_sockets;
mod reserved_port;
mod two_worlds;

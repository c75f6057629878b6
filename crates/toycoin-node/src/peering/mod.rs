//! Whom a node connects to: an address book, and the slots for connections.
//!
//! A node without a relay finds others by their addresses. Addresses cost nothing, so a stranger can name thousands.
//! Whoever holds all connections of a node decides what it sees (an eclipse attack). Nothing here prevents that for
//! certain; everything here makes it expensive.
//!
//! ```text
//!   --peer, peers file, ADDR ──▶ address book ──▶ 8 outbound slots, 1 feeler ──▶ tried addresses
//!                                (by netgroup)      (2 per netgroup)              anchors of the next start
//!
//!   whoever dials us         ──▶ 117 inbound slots, with eviction when they are full
//! ```
//!
//! The defences are those of Bitcoin Core: buckets by the netgroup of whoever names an address, test before evict,
//! feelers, anchors, and an eviction that spares the peers which an attacker can hardly resemble.

mod address;
mod allowance;
mod attempts;
mod book;
mod buckets;
mod config;
mod connections;
mod dialling;
mod entry;
mod eviction;
mod file;
mod io;
mod machine;
mod mutes;
mod netgroup;
mod pinned;
mod slots;
mod telling;
#[cfg(test)]
mod tests;

pub use self::{
    address::{AddressError, Endpoint, PeerAddress, PeerId},
    config::PeeringConfig,
    io::{PeeringInput, PeeringOutput, Refusal, Role},
    machine::{ConnectedPeer, Peering},
    netgroup::{Netgroup, Netgroups, Scope},
};

//! Whom a node connects to: an address book, and the slots for connections.
//!
//! A node without a relay finds others by their addresses. Addresses cost nothing, so a stranger can name thousands.
//! Whoever holds all connections of a node decides what it sees (an eclipse attack). Nothing here prevents that for
//! certain; everything here makes it expensive.

mod address;
mod io;

pub use self::{
    address::{AddressError, Endpoint, PeerAddress, PeerId},
    io::{PeeringInput, PeeringOutput, Refusal, Role},
};

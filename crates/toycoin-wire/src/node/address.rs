//! Addresses of nodes.

use serde::{Deserialize, Serialize};

/// An address in an `ADDR`: where a node listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAddress {
    /// The node's peer id, as libp2p writes it in bytes, at most 42.
    pub peer: Vec<u8>,
    /// The IP address; IPv4 is mapped into IPv6.
    pub ip: [u8; 16],
    /// The TCP port.
    pub port: u16,
    /// When the node was last seen there, in hours since the Unix epoch.
    pub seen: u32,
}

/// Returns the length of the longest peer id, in bytes.
pub(super) fn longest_peer_id(addresses: &[NodeAddress]) -> usize {
    addresses.iter().map(|address| address.peer.len()).max().unwrap_or(0)
}

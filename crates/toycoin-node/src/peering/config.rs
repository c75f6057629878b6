//! What a driver chooses about peering.

use super::{Endpoint, PeerAddress, PeerId};
use crate::limits;

/// The configuration of peering. The defaults are those of the protocol, and name nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeeringConfig {
    /// The seed of all random choices and of the keyed hashes. Strangers must not know it.
    pub seed: [u8; 32],
    /// This node's own peer id.
    pub own: Option<PeerId>,
    /// Where this node listens; other nodes are told of it.
    pub listen: Vec<Endpoint>,
    /// Peers that are never given up (`--peer`): they are dialled for ever, beyond all limits of slots.
    pub peers: Vec<PeerAddress>,
    /// Most outbound connections.
    pub outbound: usize,
    /// Most inbound connections; 0 accepts none.
    pub max_inbound: usize,
    /// Whether only `peers` are connected to, in both directions.
    pub trust_only: bool,
    /// Whether limits per netgroup and per address hold for loopback and private addresses too. Tests set it.
    pub count_local_groups: bool,
    /// Whether the outbound peers that lasted longest are dialled first after a restart.
    pub anchors: bool,
}

impl Default for PeeringConfig {
    fn default() -> Self {
        Self {
            seed: [0; 32],
            own: None,
            listen: Vec::new(),
            peers: Vec::new(),
            outbound: limits::OUTBOUND_SLOTS,
            max_inbound: limits::INBOUND_SLOTS,
            trust_only: false,
            count_local_groups: false,
            anchors: true,
        }
    }
}

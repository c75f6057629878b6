//! The name of a peer.

use toycoin_wire::NodeId;

use crate::relay::ConnectionId;

/// The name of a peer: a node id on a relay connection.
pub(super) type PeerKey = (ConnectionId, NodeId);

//! The name of a peer.

use toycoin_wire::NodeId;

use crate::relay::ConnectionId;

/// The name of a peer: a node id on a relay connection or on a mesh. Mutes and scores never cross from one to another.
pub(super) type PeerKey = (ConnectionId, NodeId);

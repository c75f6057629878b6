//! The status of a node.

use serde::{Deserialize, Serialize};
use toycoin_core::BlockHash;

/// The version of the node layer, as `STAT` carries it.
pub const VERSION: u16 = 1;

/// The status of a node, `STAT`: its network and its best chain. It is the node layer's handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The hash of genesis, which identifies the network.
    pub genesis: BlockHash,
    /// The hash of the active chain's tip.
    pub tip: BlockHash,
    /// The height of the tip.
    pub height: u64,
    /// The work of the active chain, big-endian.
    pub work: [u8; 32],
    /// The node's clock, in Unix milliseconds.
    pub time: u64,
}

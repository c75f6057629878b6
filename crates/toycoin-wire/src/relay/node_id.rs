//! Node ids, which identify connections.

use std::fmt::{self, Debug, Display, Formatter};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toycoin_core::hex::Hex;

/// The id of a client's connection: 16 bytes that the client draws at random. Deliveries name their origin by it.
///
/// It proves nothing, because a relay can forge origins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// Returns the id with these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the id's bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl Display for NodeId {
    /// Writes 32 hexadecimal digits in lower case.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&Hex(&self.0), f)
    }
}

impl Debug for NodeId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// Encodes the 16 bytes as one field. The result is that of an array, but faster: a relay writes it into every
/// delivery.
impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u128(u128::from_le_bytes(self.0))
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u128::deserialize(deserializer).map(|bytes| Self(bytes.to_le_bytes()))
    }
}

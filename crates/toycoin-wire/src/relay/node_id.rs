//! The name that a connection goes by.

use std::fmt::{self, Debug, Display, Formatter};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toycoin_core::hex::Hex;

/// Sixteen random bytes that a client draws for each connection; deliveries name their origin by it.
///
/// Not a proof of anything: a relay can lie about origins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// Returns the id of these bytes.
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

/// The same sixteen bytes on the wire as an array's, at the price of one field: a relay writes this into every delivery.
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

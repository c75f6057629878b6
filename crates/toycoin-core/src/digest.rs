//! The 32-byte digests. Each is a type of its own, so that the compiler keeps them apart.

use thiserror::Error;

#[cfg(feature = "serde")]
use crate::hex::{self, Hex};

/// The error for a text that is not a hash, an id or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{what} is written as 64 hex digits")]
pub struct ParseHexError {
    /// What the text should be, with its article.
    pub(crate) what: &'static str,
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// Shown and parsed as 64 hex digits, the bytes in their order.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The value of 32 zero bytes.
            pub const ZERO: Self = Self([0; 32]);

            /// Wraps the bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            pub const fn to_bytes(self) -> [u8; 32] {
                self.0
            }

            /// Returns the bytes, borrowed.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&$crate::hex::Hex(&self.0), f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ParseHexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hex::decode(text).map(Self).ok_or($crate::ParseHexError { what: $what })
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::digest::serialize_bytes(&self.0, serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::digest::deserialize_bytes(deserializer).map(Self)
            }
        }
    };
}
pub(crate) use digest;

digest! {
    /// A block's hash, which is its id and its proof of work: plain BLAKE3 of the 128 header bytes.
    BlockHash, "a block hash"
}
digest! {
    /// A transaction's id without its signatures, so that a third party cannot change it (no malleability).
    Txid, "a txid"
}
digest! {
    /// A transaction's id with its signatures.
    Wtxid, "a wtxid"
}
digest! {
    /// The message that all signatures of a transaction sign.
    Sighash, "a sighash"
}
digest! {
    /// The root over a block's transactions with their signatures and their number.
    MerkleRoot, "a Merkle root"
}
digest! {
    /// The commitment to the state after a block: UTXO set, number of coins, money issued, ancestors.
    StateRoot, "a state root"
}

/// Serializes a fixed array: hex in human-readable formats, otherwise the bytes without a length.
#[cfg(feature = "serde")]
pub(crate) fn serialize_bytes<const N: usize, S: serde::Serializer>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeTuple;
    if serializer.is_human_readable() {
        return serializer.collect_str(&Hex(bytes));
    }
    let mut tuple = serializer.serialize_tuple(N)?;
    bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
    tuple.end()
}

/// The inverse of [`serialize_bytes`].
#[cfg(feature = "serde")]
pub(crate) fn deserialize_bytes<'de, const N: usize, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    use serde::de::{Error, SeqAccess, Visitor};

    struct Bytes<const N: usize>;

    impl<'de, const N: usize> Visitor<'de> for Bytes<N> {
        type Value = [u8; N];

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{N} bytes")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            hex::decode(text).ok_or_else(|| E::custom(format_args!("expected {} hex digits", 2 * N)))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut bytes = [0; N];
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
            }
            Ok(bytes)
        }
    }

    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Bytes::<N>)
    } else {
        deserializer.deserialize_tuple(N, Bytes::<N>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows() {
        let txid = Txid::from_bytes(std::array::from_fn(|i| i as u8));
        assert_eq!(txid.to_string().parse(), Ok(txid));
        assert_eq!("00".parse::<Txid>(), Err(ParseHexError { what: "a txid" }));
        assert!(format!("{txid:?}").starts_with("Txid(000102"));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn is_hex_in_a_format_for_humans() {
        let hash = BlockHash::from_bytes([7; 32]);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, format!("\"{hash}\""));
        assert_eq!(serde_json::from_str::<BlockHash>(&json).unwrap(), hash);
        assert!(serde_json::from_str::<BlockHash>("\"07\"").is_err());
    }
}

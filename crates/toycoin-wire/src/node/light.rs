//! Questions of light clients. The answers are proofs, of `toycoin_core::proof` and `toycoin_core::filter`.

use serde::{Deserialize, Serialize};
use toycoin_core::{BlockHash, Txid};

/// A request for a proof of work, `GPRF`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetProof {
    /// The tip whose work is to be proved. Zeros, and a block that is not on the active chain, stand for its tip.
    pub tip: BlockHash,
    /// What the asker drew, so that nobody can prepare for its points.
    pub seed: [u8; 32],
    /// The number of slices of an octave, 1 to 256. A request with another number is neither encoded nor decoded.
    #[serde(with = "at_least_one")]
    pub slices: u16,
    /// A header that was proved before, from which on the work is to be proved. Zeros stand for genesis.
    pub start: BlockHash,
}

/// A number of slices, which is not 0: a proof without points proves nothing.
mod at_least_one {
    use serde::{
        Deserialize, Deserializer, Serializer,
        de::{self, Unexpected},
        ser::Error,
    };

    pub(super) fn serialize<S: Serializer>(slices: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        if *slices == 0 { Err(S::Error::custom("0 slices")) } else { serializer.serialize_u16(*slices) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        match u16::deserialize(deserializer)? {
            0 => Err(de::Error::invalid_value(Unexpected::Unsigned(0), &"at least 1 slice")),
            slices => Ok(slices),
        }
    }
}

/// A request for the proof that headers are ancestors of a tip, `GANC`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetAncestors {
    /// The tip. A block that is not on the active chain stands for its tip.
    pub tip: BlockHash,
    /// The ancestors, at most 128.
    pub blocks: Vec<BlockHash>,
}

/// A request for receipts, `GTXP`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetReceipts {
    /// The asker's tip.
    pub tip: BlockHash,
    /// The transactions, at most 64.
    pub transactions: Vec<Txid>,
}

/// A request for block filters, `GFIL`: those of neighbouring blocks of the active chain, at most 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetFilters {
    /// The height of the first block.
    pub first: u64,
    /// The hash of the last block.
    pub last: BlockHash,
}

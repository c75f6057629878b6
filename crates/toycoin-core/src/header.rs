//! Block headers: 128 bytes, exactly two blocks of BLAKE3.
//!
//! ```text
//!   0               32              64   68   72       80       88              120      128
//!   ├── previous ───┼─ merkle_root ─┼vers┼bits┼ height ┼─ time ─┼─ state_root ──┼─ nonce ─┤
//!   └────── first BLAKE3 block ─────┴────────── second BLAKE3 block ───────────────────────┘
//! ```
//!
//! The nonce is the last two message words of the second BLAKE3 block. A search hashes the first block once, and then
//! needs one compression per nonce.

use crate::{
    digest::{BlockHash, MerkleRoot, StateRoot},
    target::CompactTarget,
};

/// A block header: the data that is hashed for a block's id and proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    /// The parent's hash.
    pub previous: BlockHash,
    /// The Merkle root of this block's transactions with their signatures.
    pub merkle_root: MerkleRoot,
    /// The version, which is 1.
    pub version: u32,
    /// The target, in compact form.
    pub bits: CompactTarget,
    /// The height: 0 for genesis, the parent's height plus 1 for every other block.
    pub height: u64,
    /// The block's time in Unix milliseconds, below 2^48.
    pub time: u64,
    /// The root of the state after this block.
    pub state_root: StateRoot,
    /// The number that a nonce search varies.
    pub nonce: u64,
}

impl Header {
    /// Length of the encoding, in bytes.
    pub const SIZE: usize = 128;
    /// The only version of a header.
    pub const VERSION: u32 = 1;
    /// Upper bound of times, exclusive, in milliseconds. It lies in the year 10889.
    pub const TIME_LIMIT: u64 = 1 << 48;

    /// Returns the bytes that are hashed. Integers are little-endian.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let mut rest = bytes.as_mut_slice();
        let mut put = |field: &[u8]| {
            let (front, back) = std::mem::take(&mut rest).split_at_mut(field.len());
            front.copy_from_slice(field);
            rest = back;
        };
        put(self.previous.as_bytes());
        put(self.merkle_root.as_bytes());
        put(&self.version.to_le_bytes());
        put(&self.bits.to_bits().to_le_bytes());
        put(&self.height.to_le_bytes());
        put(&self.time.to_le_bytes());
        put(self.state_root.as_bytes());
        put(&self.nonce.to_le_bytes());
        bytes
    }

    /// Parses what [`to_bytes`](Self::to_bytes) wrote. Any 128 bytes are a header; the rules decide whether it is
    /// valid.
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut rest = bytes.as_slice();
        Self {
            previous: BlockHash::from_bytes(take(&mut rest)),
            merkle_root: MerkleRoot::from_bytes(take(&mut rest)),
            version: u32::from_le_bytes(take(&mut rest)),
            bits: CompactTarget::from_bits(u32::from_le_bytes(take(&mut rest))),
            height: u64::from_le_bytes(take(&mut rest)),
            time: u64::from_le_bytes(take(&mut rest)),
            state_root: StateRoot::from_bytes(take(&mut rest)),
            nonce: u64::from_le_bytes(take(&mut rest)),
        }
    }

    /// Returns the block's hash: plain BLAKE3 of the 128 bytes.
    pub fn hash(&self) -> BlockHash {
        BlockHash::from_bytes(blake3::hash(&self.to_bytes()).into())
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (front, back) = rest.split_first_chunk().expect("the fields' widths add up to the header's size");
    *rest = back;
    *front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let bytes: [u8; 128] = std::array::from_fn(|i| i as u8);
        let header = Header::from_bytes(&bytes);
        assert_eq!(header.to_bytes(), bytes);
        assert_eq!(header.previous.as_bytes()[..], bytes[..32]);
        assert_eq!(header.merkle_root.as_bytes()[..], bytes[32..64]);
        assert_eq!(header.version.to_le_bytes(), bytes[64..68]);
        assert_eq!(header.bits.to_bits().to_le_bytes(), bytes[68..72]);
        assert_eq!(header.height.to_le_bytes(), bytes[72..80]);
        assert_eq!(header.time.to_le_bytes(), bytes[80..88]);
        assert_eq!(header.state_root.as_bytes()[..], bytes[88..120]);
        assert_eq!(header.nonce.to_le_bytes(), bytes[120..]);
        assert_eq!(header.hash(), BlockHash::from_bytes(*blake3::hash(&bytes).as_bytes()));
    }
}

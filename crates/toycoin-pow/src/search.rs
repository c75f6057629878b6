//! Trying nonces.

use toycoin_core::{CompactTargetError, Header, Target};

use crate::{
    NonceRange,
    compress::{CHUNK_END, CHUNK_START, IV, ROOT, compress, words},
};

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The lowest nonce of the range whose hash meets the target.
    Found {
        /// The nonce.
        nonce: u64,
        /// How many hashes it took.
        hashes: u64,
    },
    /// No nonce of the range does.
    Exhausted {
        /// How many hashes that took.
        hashes: u64,
    },
}

/// A header whose nonce is looked for.
#[derive(Debug, Clone)]
pub struct Search {
    header: Header,
    target: Target,
    /// The chaining value after the first 64 bytes.
    midstate: [u32; 8],
    /// The last 64 bytes; words 14 and 15 are the nonce.
    message: [u32; 16],
    /// The target's first four bytes: a hash whose first four are greater is out.
    bound: u32,
}

impl Search {
    /// Prepares the search for a header's nonce; its target is that of its own bits.
    ///
    /// # Errors
    /// When the bits are no target.
    pub fn new(header: &Header) -> Result<Self, CompactTargetError> {
        let target = header.bits.to_target()?;
        let bytes = header.to_bytes();
        let (first, second) = bytes.split_at(64);
        let [a, b, c, d, ..] = target.to_be_bytes();
        Ok(Self {
            header: *header,
            target,
            midstate: compress(&IV, &words(first), CHUNK_START),
            message: words(second),
            bound: u32::from_be_bytes([a, b, c, d]),
        })
    }

    /// Tries the nonces of a range in order.
    ///
    /// What looks like a hit is checked again with plain `blake3::hash` and the whole target.
    pub fn run(&self, range: NonceRange) -> Outcome {
        let mut message = self.message;
        for nonce in range.start..range.end {
            let [.., low, high] = &mut message;
            [*low, *high] = halves(nonce);
            let [first, ..] = compress(&self.midstate, &message, CHUNK_END | ROOT);
            // the hash's bytes are the words' little-endian ones, its number is big-endian
            if first.swap_bytes() <= self.bound && self.is_met(nonce) {
                return Outcome::Found { nonce, hashes: nonce - range.start + 1 };
            }
        }
        Outcome::Exhausted { hashes: range.len() }
    }

    fn is_met(&self, nonce: u64) -> bool {
        self.target.is_met_by(&Header { nonce, ..self.header }.hash())
    }
}

/// Returns the nonce as two message words, the low one first.
fn halves(nonce: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = nonce.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toycoin_core::CompactTarget;

    use super::*;

    fn naive(header: Header, range: NonceRange) -> Outcome {
        let target = header.bits.to_target().unwrap();
        let found = (range.start..range.end).find(|nonce| target.is_met_by(&Header { nonce: *nonce, ..header }.hash()));
        match found {
            Some(nonce) => Outcome::Found { nonce, hashes: nonce - range.start + 1 },
            None => Outcome::Exhausted { hashes: range.len() },
        }
    }

    proptest! {
        #[test]
        fn finds_what_the_naive_loop_finds(
            bytes in prop::array::uniform32(any::<u8>()),
            bits in prop::sample::select(vec![0x207f_ffff, 0x2000_ffff, 0x1f00_ffff, 0x0101_0000, 0x2100_ffff]),
            start in prop_oneof![any::<u64>(), Just(u64::from(u32::MAX) - 50), Just(u64::MAX - 100)],
            length in 0u64..300,
        ) {
            let mut header = Header::from_bytes(&[bytes, bytes, bytes, bytes].concat().try_into().unwrap());
            header.bits = CompactTarget::from_bits(bits);
            let range = NonceRange::new(start, start.saturating_add(length));
            prop_assert_eq!(Search::new(&header).unwrap().run(range), naive(header, range));
        }
    }

    #[test]
    fn bits_that_are_no_target_are_refused() {
        let mut header = Header::from_bytes(&[1; 128]);
        header.bits = CompactTarget::from_bits(0);
        assert!(Search::new(&header).is_err());
    }
}

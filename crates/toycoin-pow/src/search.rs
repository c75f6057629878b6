//! The nonce search.

use toycoin_core::{CompactTargetError, Header, Target};

use crate::{
    NonceRange, Platform,
    compress::{CHUNK_START, IV, compress, words},
    kernel::Batch,
};

/// The result of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The lowest nonce of the range whose hash meets the target.
    Found {
        /// The lowest nonce of the range whose hash meets the target.
        nonce: u64,
        /// The number of hashes that the search took.
        hashes: u64,
    },
    /// No nonce of the range meets the target.
    Exhausted {
        /// The number of hashes that the search took.
        hashes: u64,
    },
}

/// A search for a header's nonce.
///
/// It is small and has no state: threads may share one, each with ranges of its own.
#[derive(Debug, Clone)]
pub struct Search {
    header: Header,
    target: Target,
    platform: Platform,
    /// The chaining value after the first 64 bytes of the header.
    midstate: [u32; 8],
    /// The last 64 bytes of the header. Words 14 and 15 are the nonce.
    message: [u32; 16],
}

impl Search {
    /// Prepares the search for a header's nonce on the fastest platform. The target is that of the header's bits.
    ///
    /// # Errors
    /// When the bits are no target.
    pub fn new(header: &Header) -> Result<Self, CompactTargetError> {
        Self::with_platform(header, Platform::detect())
    }

    /// Prepares a search as [`new`](Self::new) does, on the given platform.
    ///
    /// # Errors
    /// When the bits are no target.
    pub fn with_platform(header: &Header, platform: Platform) -> Result<Self, CompactTargetError> {
        let target = header.bits.to_target()?;
        let bytes = header.to_bytes();
        let (first, second) = bytes.split_at(64);
        let midstate = compress(&IV, &words(first), CHUNK_START);
        Ok(Self { header: *header, target, platform, midstate, message: words(second) })
    }

    /// Returns the platform of the search.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Tries the nonces of a range in ascending order and stops at the first that meets the target. On every platform,
    /// this is the lowest such nonce of the range.
    ///
    /// Each candidate is checked again with plain `blake3::hash` and the whole target. The result counts hashes up to
    /// the nonce that is found, without others that a kernel computed beside it.
    pub fn run(&self, range: NonceRange) -> Outcome {
        let mut rest = range;
        let mut hashes = 0u64;
        while let Some(first) = rest.first() {
            // the nonces of a batch have the same high half
            let nonces = rest.take_front((1 << 32) - (first & u64::from(u32::MAX)));
            let count = u64::try_from(nonces.len()).expect("at most 2^32");
            if let Some(offset) = self.run_batch(first, count) {
                return Outcome::Found { nonce: first + offset, hashes: hashes.saturating_add(offset + 1) };
            }
            // only all 2^64 nonces in one range do not fit
            hashes = hashes.saturating_add(count);
        }
        Outcome::Exhausted { hashes }
    }

    /// Returns the offset of the first nonce that meets the target, among `count` nonces with the same high half.
    fn run_batch(&self, first: u64, count: u64) -> Option<u64> {
        let mut message = self.message;
        [message[14], message[15]] = halves(first);
        let batch = Batch::new(self.midstate, message, self.target);
        let mut offset = 0;
        while offset < count {
            let [low, _] = halves(first + offset);
            offset += self.platform.kernel().first_candidate(&batch, low, count - offset)?;
            if self.is_met(first + offset) {
                return Some(offset);
            }
            offset += 1;
        }
        None
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
mod tests;

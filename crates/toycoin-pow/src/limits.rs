//! Every bound of the search, in one place.

use std::num::NonZero;

/// Nonces that a miner should search between two looks at whether it is still wanted: 16,384.
///
/// A few milliseconds at the slowest platform, and a look costs nothing that one could measure.
pub const CHUNK: NonZero<u64> = NonZero::new(16_384).expect("it is not zero");

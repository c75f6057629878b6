//! The seed: 64 bytes between the words and the keys.

use std::fmt;

use zeroize::Zeroizing;

/// The 64 bytes from which all keys are derived. They are erased from memory when dropped, and never shown.
pub struct Seed(Zeroizing<[u8; 64]>);

impl Seed {
    /// Wraps the bytes of a seed, as BIP-39 makes them.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the bytes, borrowed. Whoever knows them can spend all coins.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(not shown)")
    }
}

//! The entropy: the random bytes behind the words.

use std::fmt;

use zeroize::Zeroizing;

/// The 16 or 32 bytes from which words were made. They are erased from memory when dropped, and never shown.
pub struct Entropy(Zeroizing<Vec<u8>>);

impl Entropy {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Returns the bytes, borrowed. Whoever knows them has the words.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entropy({} bytes, not shown)", self.0.len())
    }
}

//! The input of a verification.

/// A signature to be verified, with its key and message: the input of BIP-340's `Verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triple<'a> {
    /// The key that should have signed: an x coordinate, big-endian.
    pub key: &'a [u8; 32],
    /// The message that should be signed, of any length.
    pub message: &'a [u8],
    /// The signature: the x coordinate of the nonce's point, then the scalar s, both big-endian.
    pub signature: &'a [u8; 64],
}

impl<'a> Triple<'a> {
    /// Returns the x coordinate of the nonce's point.
    pub(crate) fn nonce_x(&self) -> &'a [u8; 32] {
        self.signature.first_chunk().expect("a signature has 64 bytes")
    }

    /// Returns the scalar s.
    pub(crate) fn s(&self) -> &'a [u8; 32] {
        self.signature.last_chunk().expect("a signature has 64 bytes")
    }
}

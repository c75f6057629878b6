//! The seal: XChaCha20-Poly1305 over the secret, with the rest of the file as associated data.

use std::fmt;

use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes that a seal is longer than what it seals: the tag.
pub(super) const TAG: usize = 16;

/// 40 random bytes for one seal: the salt of the key derivation and the nonce of the cipher.
///
/// Draw them anew for each file, and for each change of a passphrase, from the random generator of the operating
/// system. They stand in the file, so they are no secret. But two files with the same passphrase and the same bytes
/// would give away what differs between their secrets.
pub struct SealSeed {
    pub(super) salt: [u8; 16],
    pub(super) nonce: [u8; 24],
}

impl SealSeed {
    /// Number of bytes.
    pub const SIZE: usize = 40;

    /// Takes bytes that nobody took before: 16 of salt, then 24 of nonce.
    pub fn new(bytes: [u8; Self::SIZE]) -> Self {
        let (salt, rest) = bytes.split_first_chunk().expect("16 of 40 bytes");
        Self { salt: *salt, nonce: *rest.first_chunk().expect("24 more bytes") }
    }
}

impl fmt::Debug for SealSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealSeed(not shown)")
    }
}

/// Seals a secret.
pub(super) fn seal(key: &[u8; 32], nonce: &[u8; 24], associated: &[u8], secret: &[u8]) -> Vec<u8> {
    // long enough from the beginning: a vector that grows leaves the secret behind
    let mut buffer = Vec::with_capacity(secret.len() + TAG);
    buffer.extend_from_slice(secret);
    XChaCha20Poly1305::new(key.into())
        .encrypt_in_place(&XNonce::from(*nonce), associated, &mut buffer)
        .expect("a short secret, and a vector that grows");
    buffer
}

/// Opens a seal; `None` if the key, the nonce, the associated data or the seal is not the one that it was made with.
pub(super) fn open(key: &[u8; 32], nonce: &[u8; 24], associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    XChaCha20Poly1305::new(key.into())
        .decrypt_in_place(&XNonce::from(*nonce), associated, &mut *buffer)
        .ok()
        .map(|()| buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_all_that_it_was_sealed_with() {
        let sealed = seal(&[1; 32], &[2; 24], b"header", b"secret");
        assert_eq!(sealed.len(), 6 + TAG);
        assert_eq!(*open(&[1; 32], &[2; 24], b"header", &sealed).unwrap(), b"secret");
        assert!(open(&[0; 32], &[2; 24], b"header", &sealed).is_none());
        assert!(open(&[1; 32], &[0; 24], b"header", &sealed).is_none());
        assert!(open(&[1; 32], &[2; 24], b"Header", &sealed).is_none());
        assert!(open(&[1; 32], &[2; 24], b"header", &sealed[1..]).is_none());
        assert!(open(&[1; 32], &[2; 24], b"header", b"short").is_none());
    }
}

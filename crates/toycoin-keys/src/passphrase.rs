//! The passphrase that opens a key file.

use std::fmt;

use crate::secret_text::{PassphraseError, SecretText};

/// A passphrase, in Unicode's form NFKD. It is erased from memory when dropped, and never shown.
pub struct Passphrase(SecretText);

impl Passphrase {
    /// Takes what a person typed.
    ///
    /// # Errors
    /// When the text is empty or longer than [`MAX_PASSPHRASE`](crate::limits::MAX_PASSPHRASE).
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        if text.is_empty() { Err(PassphraseError::Empty) } else { SecretText::new(text).map(Self) }
    }

    /// Returns the bytes that are hashed.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_str().as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PASSPHRASE;

    #[test]
    fn one_passphrase_in_two_encodings_is_equal() {
        let composed = Passphrase::new("caf\u{e9}").unwrap();
        let decomposed = Passphrase::new("cafe\u{301}").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert_eq!(composed.as_bytes(), b"cafe\xcc\x81");
        assert_eq!(format!("{composed:?}"), "Passphrase(not shown)");
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(Passphrase::new("").unwrap_err(), PassphraseError::Empty);
        assert!(Passphrase::new(&"a".repeat(MAX_PASSPHRASE)).is_ok());
        assert_eq!(Passphrase::new(&"a".repeat(MAX_PASSPHRASE + 1)).unwrap_err(), PassphraseError::TooLong);
        // three bytes become 33
        assert_eq!(Passphrase::new(&"\u{fdfa}".repeat(100)).unwrap_err(), PassphraseError::TooLong);
    }
}

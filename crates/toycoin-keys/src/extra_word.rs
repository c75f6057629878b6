//! The extra word, which BIP-39 calls a passphrase.

use std::fmt;

use crate::secret_text::{PassphraseError, SecretText};

/// A text that is a part of the wallet's seed besides the words. It is in no file: its owner remembers it.
///
/// It is in Unicode's form NFKD, erased from memory when dropped, and never shown.
pub struct ExtraWord(SecretText);

impl ExtraWord {
    /// Takes what a person typed. The empty text is [`none`](Self::none).
    ///
    /// # Errors
    /// When the text is longer than [`MAX_PASSPHRASE`](crate::limits::MAX_PASSPHRASE).
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        SecretText::new(text).map(Self)
    }

    /// Returns the extra word of wallets that have none.
    pub fn none() -> Self {
        Self(SecretText::new("").expect("an empty text is short"))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for ExtraWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtraWord(not shown)")
    }
}

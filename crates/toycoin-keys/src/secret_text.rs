//! What a person types and nobody may see.

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::limits::MAX_PASSPHRASE;

/// A text in Unicode's form NFKD, erased from memory when dropped.
///
/// One system types an accented letter as one character, another one as two. NFKD makes them equal, as BIP-39 asks.
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) fn new(text: &str) -> Result<Self, PassphraseError> {
        if text.len() > MAX_PASSPHRASE {
            return Err(PassphraseError::TooLong);
        }
        let length: usize = text.nfkd().map(char::len_utf8).sum();
        if length > MAX_PASSPHRASE {
            return Err(PassphraseError::TooLong);
        }
        // in one piece, since a string that grows leaves copies behind
        let mut normal = Zeroizing::new(String::with_capacity(length));
        text.nfkd().for_each(|character| normal.push(character));
        Ok(Self(normal))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The reason why a text is no passphrase or extra word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// A passphrase is not empty.
    #[error("the passphrase is empty")]
    Empty,
    /// The text is longer than [`MAX_PASSPHRASE`].
    #[error("a passphrase or an extra word has at most {MAX_PASSPHRASE} bytes")]
    TooLong,
}

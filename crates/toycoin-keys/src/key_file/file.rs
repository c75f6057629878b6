//! A key file of any kind.

use std::io::Read;

use toycoin_core::{SecretKey, hex};
use zeroize::Zeroizing;

use super::{
    error::KeyFileError,
    form::{Form, Parts},
    sealed::SealedFile,
    watch::WatchFile,
};
use crate::limits::MAX_KEY_FILE;

/// What a key file holds. Reading it needs no passphrase, and derives nothing.
#[derive(Debug)]
pub enum KeyFile {
    /// Words under a passphrase.
    Sealed(SealedFile),
    /// An account's public key alone.
    Watch(WatchFile),
    /// A single secret key in clear, 64 hex digits: a file of earlier versions.
    Single(SecretKey),
}

impl KeyFile {
    /// Parses a file, all of it.
    ///
    /// # Errors
    /// When the file is longer than [`MAX_KEY_FILE`], is no key file, or asks for more than the
    /// [`limits`](crate::limits).
    pub fn read(bytes: &[u8]) -> Result<Self, KeyFileError> {
        if bytes.len() > MAX_KEY_FILE {
            return Err(KeyFileError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| KeyFileError::NoKey)?;
        if !text.trim_start().starts_with('{') {
            let secret = hex::decode(text.trim()).map(Zeroizing::new).ok_or(KeyFileError::NoKey)?;
            return SecretKey::from_bytes(&secret).map(Self::Single).map_err(|_| KeyFileError::NoKey);
        }
        match Form::read(text)? {
            // the length of a seal tells whether it holds the account's key, too
            Parts { header, seal: Some(seal), account } => match (account.is_some(), seal.sealed.len()) {
                (true, 32 | 48) | (false, 110 | 126) => Ok(Self::Sealed(SealedFile::new(header, seal, account))),
                _ => Err(KeyFileError::Parts),
            },
            Parts { header, seal: None, account: Some(account) } => Ok(Self::Watch(WatchFile { header, account })),
            Parts { seal: None, account: None, .. } => Err(KeyFileError::Parts),
        }
    }

    /// Reads a file, and no more than [`MAX_KEY_FILE`] bytes of it.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when the reader fails.
    pub fn read_from(reader: impl Read) -> Result<Self, KeyFileError> {
        let most = u64::try_from(MAX_KEY_FILE).unwrap_or(u64::MAX);
        // a single key may be in it: in one piece, and erased
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_FILE + 2));
        reader.take(most + 1).read_to_end(&mut bytes)?;
        Self::read(&bytes)
    }

    /// Returns the name of the network; `None` for a single key, which is valid on all of them.
    pub fn network(&self) -> Option<&str> {
        match self {
            Self::Sealed(file) => Some(file.network()),
            Self::Watch(file) => Some(file.network()),
            Self::Single(_) => None,
        }
    }

    /// Checks that the file is for a network.
    ///
    /// # Errors
    /// When it names another one.
    pub fn require_network(&self, expected: &str) -> Result<(), KeyFileError> {
        match self.network() {
            Some(found) if found != expected => {
                Err(KeyFileError::OtherNetwork { expected: expected.into(), found: found.into() })
            }
            _ => Ok(()),
        }
    }
}

//! What can be wrong with a key file.

use std::io;

use thiserror::Error;

use super::kdf::KdfCostError;
use crate::{
    account_key::AccountKeyError,
    derivation::DerivationError,
    limits::{MAX_INDEX, MAX_KEY_FILE, MAX_NETWORK_NAME},
};

/// The reason why bytes are not a key file. Nothing of the file's secrets is in it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The reader failed.
    #[error("the key file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is longer than [`MAX_KEY_FILE`].
    #[error("not a key file: it is longer than {MAX_KEY_FILE} bytes")]
    TooLong,
    /// The file is neither the object that a key file is, nor 64 hex digits.
    #[error("not a key file: something is wrong at line {line}, column {column}")]
    Malformed {
        /// Line of the first wrong byte, from 1.
        line: usize,
        /// Column of that byte, from 1, or 0 at the end of the line before.
        column: usize,
    },
    /// The file begins like a single key and is none.
    #[error("not a key file: it is neither a wallet nor a secret key of 64 hex digits")]
    NoKey,
    /// A later program wrote the file.
    #[error("this key file has version {0}, this program reads version 1; use a newer program")]
    Version(u64),
    /// A field has a value that it cannot have.
    #[error("not a key file: {field} is {wanted}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// A sealed file lacks a field, or a watch-only file has one too many.
    #[error("not a key file: kdf, cipher, nonce and sealed stand together, and without them account_xpub stands alone")]
    Parts,
    /// The key derivation would cost too much, or is none.
    #[error("the key derivation of this key file is refused: {0}")]
    Kdf(#[from] KdfCostError),
    /// The account's public key is none.
    #[error("the account_xpub of this key file is wrong: {0}")]
    AccountKey(#[from] AccountKeyError),
    /// The name of a network is not 1 to 32 lower-case letters, digits and hyphens.
    #[error("a network's name has 1 to {MAX_NETWORK_NAME} lower-case letters, digits and hyphens")]
    NetworkName,
    /// A hint is above [`MAX_INDEX`].
    #[error("not a key file: next has a number above {MAX_INDEX}")]
    Next,
    /// The wallet belongs to another network.
    #[error("this wallet is for the network {found}, not for {expected}; name another file or another network")]
    OtherNetwork {
        /// The network that was asked for.
        expected: String,
        /// The network in the file.
        found: String,
    },
}

/// The reason why a key file does not open, or cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The passphrase is wrong, or somebody changed the file. Nothing can tell which.
    #[error("wrong passphrase, or the file was changed")]
    WrongPassphrase,
    /// The file opens, and its words do not give the account whose key it holds.
    #[error("the file opens, but the extra word is missing or wrong: the words give another account")]
    ExtraWord,
    /// The memory for the key derivation is not to be had.
    #[error("opening this wallet needs {m_kib} KiB of memory, which this machine does not give")]
    OutOfMemory {
        /// Memory of the key derivation, in KiB.
        m_kib: u32,
    },
    /// The account has no keys.
    #[error("the account cannot be derived: {0}")]
    Derivation(#[from] DerivationError),
}

//! Why a receipt in a file is refused.

use thiserror::Error;
use toycoin_core::{BlockHash, RuleError};
use toycoin_wire::{DecodeError, EncodeError};

use super::file::{MAX_RECEIPT, MAX_RECEIPT_HEADERS, RECEIPT_VERSION};
use crate::{AncestryError, ProofError, ReceiptError};

/// The reason why a file is not a receipt, or why its receipt is refused. The variants stand in the order of the
/// checks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReceiptFileError {
    /// The file is longer than any receipt.
    #[error("the file has {found} bytes; a receipt has at most {MAX_RECEIPT}")]
    TooLong {
        /// Its length, in bytes.
        found: usize,
    },
    /// The text is not that of a receipt.
    #[error("byte {at} of the file is not as a receipt has it: {wanted} is wanted")]
    Malformed {
        /// The position, in bytes from the start of the file.
        at: usize,
        /// The expected text.
        wanted: &'static str,
    },
    /// The receipt is of another version of the format.
    #[error("the receipt has version {0} of its format; this program knows version {RECEIPT_VERSION}")]
    Version(u32),
    /// The bytes of the proof of work are no proof.
    #[error("the proof of work in the receipt is malformed: {0}")]
    ProofBytes(#[source] DecodeError),
    /// The bytes of the proof of ancestry are no proof.
    #[error("the proof of ancestry in the receipt is malformed: {0}")]
    AncestorBytes(#[source] DecodeError),
    /// A proof is larger than its message may be, so that no file can hold it.
    #[error("a proof is too large for a receipt: {0}")]
    TooLarge(#[source] EncodeError),
    /// The receipt is of another network.
    #[error("the receipt is of the network {network} with genesis {found}; this one has genesis {expected}")]
    OtherNetwork {
        /// The network's name in the receipt.
        network: String,
        /// The hash of its genesis in the receipt.
        found: BlockHash,
        /// The hash of our genesis.
        expected: BlockHash,
    },
    /// The receipt bears another name for the network.
    #[error("the receipt calls the network {found:?}, whose name is {expected:?}")]
    NetworkName {
        /// The name in the receipt.
        found: String,
        /// The network's name.
        expected: String,
    },
    /// The transaction breaks a rule by itself: R01 to R04, R17 to R19, R24, R25 or R33.
    #[error("the transaction breaks a rule: {0}")]
    Transaction(#[source] RuleError),
    /// The receipt points to outputs that the transaction does not have, or not in ascending order.
    #[error("the receipt points to output {vout}, which the transaction does not have, or points to it out of order")]
    Paid {
        /// The index.
        vout: u32,
    },
    /// There are no headers, or too many, or some beside a proof of ancestry.
    #[error("the receipt has {found} headers; 1 is wanted with a proof of work, else 1 to {MAX_RECEIPT_HEADERS}")]
    HeaderCount {
        /// The number of headers.
        found: usize,
    },
    /// A header breaks a rule: R06 to R09, R11 to R14, or R10 where two headers before it are there.
    #[error("header {place} of the receipt breaks a rule: {error}")]
    Header {
        /// The header's place in the list, from 0.
        place: usize,
        /// The rule.
        #[source]
        error: RuleError,
    },
    /// The headers claim work of 2^256 or more.
    #[error("the headers of the receipt would have cost 2^256 hashes or more")]
    WorkOverflow,
    /// The block does not hold the transaction.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The proof of work is refused.
    #[error("the proof of work in the receipt does not hold: {0}")]
    Proof(#[source] ProofError),
    /// The proof of ancestry is refused.
    #[error("the proof of ancestry in the receipt does not hold: {0}")]
    Ancestry(#[source] AncestryError),
    /// The proofs are of other blocks than the receipt's.
    #[error("the proofs in the receipt say nothing of its block {block}")]
    NotTied {
        /// The block of the receipt.
        block: BlockHash,
    },
    /// A coinbase spends nothing, or there is not one spent coin for each input.
    #[error("the receipt has {found} spent coins for {inputs} inputs")]
    SpendCount {
        /// The number of spent coins.
        found: usize,
        /// The number of inputs.
        inputs: usize,
    },
    /// A signature is not that of the owner of its coin.
    #[error("the signature of input {input} is not that of the coin's owner")]
    Signature {
        /// The index of the input.
        input: usize,
    },
}

impl ReceiptFileError {
    /// Returns whether the receipt may hold later: it is from the future, by our clock.
    pub const fn is_deferred(&self) -> bool {
        match self {
            Self::Header { error, .. } => error.is_deferred(),
            Self::Proof(error) => error.is_deferred(),
            _ => false,
        }
    }
}

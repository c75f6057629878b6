//! What can be wrong with labels.

use std::io;

use thiserror::Error;

use crate::limits::{MAX_LABEL_CHARS, MAX_LABEL_FILE, MAX_LABEL_LINE, MAX_LABELS};

/// The reason why labels cannot be read or set.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// The reader failed.
    #[error("the labels cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is longer than [`MAX_LABEL_FILE`], as it is or as it would be written.
    #[error("a file with labels has at most {MAX_LABEL_FILE} bytes")]
    TooLong,
    /// There are more than [`MAX_LABELS`] labels.
    #[error("a wallet keeps at most {MAX_LABELS} labels")]
    TooMany,
    /// A line is longer than [`MAX_LABEL_LINE`], as it is or as it would be written.
    #[error("line {line}: a label has at most {MAX_LABEL_LINE} bytes")]
    LineTooLong {
        /// Which line, from 1.
        line: usize,
    },
    /// A line is no object of BIP-329.
    #[error("line {line} is no label: {wanted}")]
    Malformed {
        /// Which line, from 1.
        line: usize,
        /// What it has to be.
        wanted: &'static str,
    },
    /// A label that was to be set would have a line longer than [`MAX_LABEL_LINE`] with its other fields.
    #[error(
        "a label has at most {MAX_LABEL_LINE} bytes with its other fields, and those of {kind} {reference} are long"
    )]
    FieldsTooLong {
        /// Its type.
        kind: String,
        /// Its reference.
        reference: String,
    },
    /// A type, a reference or a label that was to be set is empty, too long, or has a line break or a control
    /// character.
    #[error("a label has 1 to {MAX_LABEL_CHARS} characters in one line, and so have its type and its reference")]
    Text,
}

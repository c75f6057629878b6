//! What a payload holds, and why it is invalid.

use thiserror::Error;

use super::NodeMessage;
use crate::{Tag, error::DecodeError};

/// The content of a payload.
#[expect(clippy::large_enum_variant, reason = "it lives briefly, and nearly all are messages")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// A message of this protocol version.
    Message(NodeMessage),
    /// A payload with an unknown tag, of any size. The receiver ignores it.
    Unknown(Tag),
    /// The status of a node with another protocol version, which was not read further. The receiver ignores it.
    OtherVersion(u16),
}

/// The reason why a payload is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The payload has fewer than 4 bytes.
    #[error("payload of {length} bytes has no tag")]
    NoTag {
        /// The payload's length, in bytes.
        length: usize,
    },
    /// The payload is larger than its tag allows.
    #[error("{tag} of {length} bytes, at most {cap} are allowed")]
    TooLarge {
        /// The tag.
        tag: Tag,
        /// The payload's length including the tag, in bytes.
        length: usize,
        /// The largest length that is allowed, in bytes.
        cap: usize,
    },
    /// The message has more items than it may.
    #[error("{tag} with {count} items, at most {cap} are allowed")]
    TooMany {
        /// The tag.
        tag: Tag,
        /// The number of its items.
        count: usize,
        /// The largest number of items that is allowed.
        cap: usize,
    },
    /// The body is not a message of its tag.
    #[error("malformed {tag}: {error}")]
    Malformed {
        /// The tag.
        tag: Tag,
        /// The reason.
        error: DecodeError,
    },
}

impl PayloadError {
    /// Returns whether the error shows misbehaviour of a peer: true, except for a payload without a tag, which any
    /// program on the channel may send.
    pub const fn is_misbehaviour(&self) -> bool {
        !matches!(self, Self::NoTag { .. })
    }
}

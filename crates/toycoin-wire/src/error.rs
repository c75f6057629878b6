//! What can go wrong between a typed message and its bytes.

use thiserror::Error;

use crate::{ChannelError, Tag};

/// Why a message was not encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The message is larger than what a receiver accepts.
    #[error("message is larger than its cap of {cap} bytes")]
    TooLarge {
        /// Most bytes that the encoding may take.
        cap: usize,
    },
    /// A field is longer than the protocol allows.
    #[error("{field} has {length} bytes, at most {cap} are allowed")]
    FieldTooLong {
        /// Which field.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
        /// Its cap in bytes.
        cap: usize,
    },
    /// The message has more items than a receiver accepts.
    #[error("{tag} with {count} items, at most {cap} are allowed")]
    TooMany {
        /// The message's tag.
        tag: Tag,
        /// How many it has.
        count: usize,
        /// How many are allowed.
        cap: usize,
    },
    /// The type cannot be written in this format, a sequence of unknown length for instance.
    #[error("type has no encoding: {reason}")]
    Unsupported {
        /// What the serializer said.
        reason: String,
    },
}

/// Why bytes are not the message that they claim to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are more bytes than the message may have.
    #[error("body has {length} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Bytes that were handed in.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The bytes end inside a field, or a length inside them reaches past their end.
    #[error("body ends inside a field")]
    UnexpectedEnd,
    /// The message ends before its bytes do.
    #[error("{count} bytes follow the message")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A field holds what its type does not allow: text that is not UTF-8, a boolean of 2, an unknown variant.
    #[error("malformed field: {reason}")]
    Malformed {
        /// What the deserializer said, cut to 128 characters; control characters are escaped.
        reason: String,
    },
    /// A channel name that breaks the rule of names.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// A field is longer than the protocol allows.
    #[error("{field} has {length} bytes, at most {cap} are allowed")]
    FieldTooLong {
        /// Which field.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
        /// Its cap in bytes.
        cap: usize,
    },
    /// The message is of a protocol version that is not spoken here; nothing after the version was read.
    #[error("version {version} is not spoken here")]
    Version {
        /// The version that it names.
        version: u16,
    },
    /// The tag names no message of this layer.
    #[error("tag {tag} is unknown")]
    UnknownTag {
        /// The tag.
        tag: Tag,
    },
}

/// Why a byte stream is not a sequence of frames. Every one of these ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length leaves no room for the tag that it counts.
    #[error("frame length {length} is below 4")]
    TooShort {
        /// The length that the frame states.
        length: u32,
    },
    /// The length is above the cap of the tag.
    #[error("frame {tag} has length {length}, at most {cap} is allowed")]
    TooLong {
        /// The frame's tag.
        tag: Tag,
        /// The length that the frame states.
        length: u32,
        /// The cap of this tag.
        cap: u32,
    },
    /// A connection does not begin with this tag.
    #[error("connection begins with {tag}")]
    FirstFrame {
        /// The tag of the first frame.
        tag: Tag,
    },
    /// No honest peer sends this tag in this direction, or at this time.
    #[error("frame {tag} is not sent in this direction")]
    Unexpected {
        /// The frame's tag.
        tag: Tag,
    },
}

//! The errors of encoding, decoding and framing.

use thiserror::Error;

use crate::{ChannelError, Tag};

/// The reason why a message was not encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The message is larger than a receiver accepts.
    #[error("message is larger than its cap of {cap} bytes")]
    TooLarge {
        /// The largest size of the encoding, in bytes.
        cap: usize,
    },
    /// A field is longer than the protocol allows.
    #[error("{field} has {length} bytes, at most {cap} are allowed")]
    FieldTooLong {
        /// The name of the field.
        field: &'static str,
        /// The field's length, in bytes.
        length: usize,
        /// The cap on that length, in bytes.
        cap: usize,
    },
    /// The message has more items than a receiver accepts.
    #[error("{tag} with {count} items, at most {cap} are allowed")]
    TooMany {
        /// The message's tag.
        tag: Tag,
        /// The number of its items.
        count: usize,
        /// The largest number of items that is allowed.
        cap: usize,
    },
    /// The type cannot be written in this format, for example a sequence of unknown length.
    #[error("type has no encoding: {reason}")]
    Unsupported {
        /// The serializer's message.
        reason: String,
    },
}

/// The reason why bytes are not the message that they claim to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input is larger than the message may be.
    #[error("body has {length} bytes, at most {limit} are allowed")]
    TooLarge {
        /// The size of the input, in bytes.
        length: usize,
        /// The largest size that is allowed, in bytes.
        limit: usize,
    },
    /// The bytes end inside a field, or a length inside them reaches past their end.
    #[error("body ends inside a field")]
    UnexpectedEnd,
    /// The message ends before the input does.
    #[error("{count} bytes follow the message")]
    TrailingBytes {
        /// The number of bytes that follow the message.
        count: usize,
    },
    /// A field holds a value that its type does not allow: text that is not UTF-8, a boolean of 2, an unknown variant.
    #[error("malformed field: {reason}")]
    Malformed {
        /// The deserializer's message, cut to 128 characters, with control characters escaped.
        reason: String,
    },
    /// A channel name is invalid.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// A field is longer than the protocol allows.
    #[error("{field} has {length} bytes, at most {cap} are allowed")]
    FieldTooLong {
        /// The name of the field.
        field: &'static str,
        /// The field's length, in bytes.
        length: usize,
        /// The cap on that length, in bytes.
        cap: usize,
    },
    /// The message has a protocol version that this program does not support. Nothing after the version was read.
    #[error("version {version} is not spoken here")]
    Version {
        /// The version in the message.
        version: u16,
    },
    /// No message of this layer has the tag.
    #[error("tag {tag} is unknown")]
    UnknownTag {
        /// The unknown tag.
        tag: Tag,
    },
}

/// The reason why a byte stream is not a sequence of frames. Each of these errors ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length is too small for the tag that it includes.
    #[error("frame length {length} is below 4")]
    TooShort {
        /// The length in the frame's header.
        length: u32,
    },
    /// The length is above the tag's cap.
    #[error("frame {tag} has length {length}, at most {cap} is allowed")]
    TooLong {
        /// The frame's tag.
        tag: Tag,
        /// The length in the frame's header.
        length: u32,
        /// The cap on that length.
        cap: u32,
    },
    /// A connection must not begin with this tag: the handshake comes first.
    #[error("connection begins with {tag}")]
    FirstFrame {
        /// The tag of the first frame.
        tag: Tag,
    },
    /// No honest peer sends this tag in this direction, or at this point of the connection.
    #[error("frame {tag} is not sent in this direction")]
    Unexpected {
        /// The frame's tag.
        tag: Tag,
    },
}

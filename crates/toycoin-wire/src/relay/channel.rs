//! Channel names.

use std::{
    borrow::Borrow,
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use serde::{Serialize, Serializer};
use thiserror::Error;
use toycoin_core::pad_whole;

use crate::limits::MAX_CHANNEL;

/// The name of a channel: 1 to 64 bytes of `a-z0-9/_-`.
///
/// ```
/// use toycoin_wire::Channel;
///
/// let channel: Channel = "/topic/main".parse()?;
/// assert_eq!(channel.as_str(), "/topic/main");
/// assert!("No Spaces".parse::<Channel>().is_err());
/// # Ok::<(), toycoin_wire::ChannelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(Box<str>);

impl Channel {
    /// Returns the channel with this name.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] if the name is empty, too long, or contains a byte other than `a-z0-9/_-`.
    pub fn new(name: &str) -> Result<Self, ChannelError> {
        ChannelRef::new(name).map(ChannelRef::to_channel)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the borrowed form, which messages contain.
    pub fn borrowed(&self) -> ChannelRef<'_> {
        ChannelRef(&self.0)
    }
}

impl FromStr for Channel {
    type Err = ChannelError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl Display for Channel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        pad_whole(f, &self.0)
    }
}

/// Ordered as the string is, so that a map with channels as keys can be searched with a `&str`.
impl Borrow<str> for Channel {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A channel's name, borrowed from the message that carries it and valid as a [`Channel`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelRef<'a>(&'a str);

impl<'a> ChannelRef<'a> {
    /// Returns the channel with this name.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::new`].
    pub fn new(name: &'a str) -> Result<Self, ChannelError> {
        match name.len() {
            0 => Err(ChannelError::Empty),
            length if length > MAX_CHANNEL => Err(ChannelError::TooLong { length }),
            _ => match name.bytes().find(|byte| !is_allowed(*byte)) {
                Some(byte) => Err(ChannelError::Byte { byte }),
                None => Ok(Self(name)),
            },
        }
    }

    /// Returns the name.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Returns an owned copy.
    pub fn to_channel(self) -> Channel {
        Channel(self.0.into())
    }
}

impl Display for ChannelRef<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        pad_whole(f, self.0)
    }
}

impl Serialize for ChannelRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// The reason why a channel name is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The name is empty.
    #[error("channel name is empty")]
    Empty,
    /// The name is longer than 64 bytes.
    #[error("channel name has {length} bytes, at most 64 are allowed")]
    TooLong {
        /// The name's length, in bytes.
        length: usize,
    },
    /// The name contains a byte other than `a-z0-9/_-`.
    #[error("channel name holds the byte {byte:#04x}, allowed are a-z 0-9 / _ -")]
    Byte {
        /// The first such byte.
        byte: u8,
    },
}

const fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'/' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        let longest = "x".repeat(64);
        for name in ["a", "/topic/main", "0_-/z", longest.as_str()] {
            assert_eq!(Channel::new(name).unwrap().as_str(), name);
        }
        let too_long = "x".repeat(65);
        let cases = [
            ("", ChannelError::Empty),
            (too_long.as_str(), ChannelError::TooLong { length: 65 }),
            ("Main", ChannelError::Byte { byte: b'M' }),
            ("a b", ChannelError::Byte { byte: b' ' }),
            ("caf\u{e9}", ChannelError::Byte { byte: 0xc3 }),
            ("a\0", ChannelError::Byte { byte: 0 }),
        ];
        for (name, error) in cases {
            assert_eq!(Channel::new(name), Err(error), "{name:?}");
        }
    }
}

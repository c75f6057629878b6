//! The four letters that say what a frame or a payload holds.

use std::fmt::{self, Debug, Display, Formatter};

use toycoin_core::pad_whole;

/// Four bytes, ASCII in every known message, that name the kind of a frame or a payload.
///
/// ```
/// use toycoin_wire::Tag;
///
/// assert_eq!(Tag::PUBL.to_string(), "PUBL");
/// assert_eq!(Tag::new(*b"no\x00\xff").to_string(), "no\\x00\\xff");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; 4]);

impl Tag {
    /// Opens a connection: version, node id, agent.
    pub const HELO: Self = Self(*b"HELO");
    /// The relay's answer to [`HELO`](Self::HELO).
    pub const WELC: Self = Self(*b"WELC");
    /// Subscribes to a channel.
    pub const SUBS: Self = Self(*b"SUBS");
    /// Ends a subscription.
    pub const UNSB: Self = Self(*b"UNSB");
    /// Hands the relay a payload for a channel.
    pub const PUBL: Self = Self(*b"PUBL");
    /// A payload on its way from the relay to a subscriber.
    pub const DELV: Self = Self(*b"DELV");
    /// Says how many deliveries were dropped where this frame stands.
    pub const LAGD: Self = Self(*b"LAGD");
    /// Asks for a [`PONG`](Self::PONG).
    pub const PING: Self = Self(*b"PING");
    /// Answers a [`PING`](Self::PING).
    pub const PONG: Self = Self(*b"PONG");
    /// Says why the connection is about to be closed.
    pub const GBYE: Self = Self(*b"GBYE");

    /// What a node says of its chain.
    pub const STAT: Self = Self(*b"STAT");
    /// A transaction; the fourth byte is a space.
    pub const TXN: Self = Self(*b"TXN ");
    /// A block.
    pub const BLOC: Self = Self(*b"BLOC");
    /// Asks for headers.
    pub const GHDR: Self = Self(*b"GHDR");
    /// Headers.
    pub const HDRS: Self = Self(*b"HDRS");
    /// Asks for blocks.
    pub const GBLK: Self = Self(*b"GBLK");
    /// What was asked for and is not held.
    pub const NOTF: Self = Self(*b"NOTF");
    /// Asks for transactions.
    pub const GTXN: Self = Self(*b"GTXN");
    /// Says which rule something broke.
    pub const RJCT: Self = Self(*b"RJCT");

    /// Returns the tag of these bytes.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Returns the tag's bytes as they stand in a frame.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl Display for Tag {
    /// Writes the letters; bytes that are no printable ASCII are escaped, since a peer chose them.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        pad_whole(f, &self.0.escape_ascii().to_string())
    }
}

impl Debug for Tag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

//! Tags: the four letters that name the kind of a frame or a payload.

use std::fmt::{self, Debug, Display, Formatter};

use toycoin_core::pad_whole;

/// A tag: 4 bytes, ASCII in every known message, that name the kind of a frame or a payload.
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
    /// A client's handshake: version, node id, agent.
    pub const HELO: Self = Self(*b"HELO");
    /// A relay's handshake, which answers [`HELO`](Self::HELO).
    pub const WELC: Self = Self(*b"WELC");
    /// A subscription to a channel.
    pub const SUBS: Self = Self(*b"SUBS");
    /// The end of a subscription.
    pub const UNSB: Self = Self(*b"UNSB");
    /// A payload from a client to the relay, for a channel.
    pub const PUBL: Self = Self(*b"PUBL");
    /// A delivery: a payload from the relay to a subscriber.
    pub const DELV: Self = Self(*b"DELV");
    /// A gap: the number of deliveries that were dropped at this point.
    pub const LAGD: Self = Self(*b"LAGD");
    /// A keepalive request, answered by a [`PONG`](Self::PONG).
    pub const PING: Self = Self(*b"PING");
    /// A keepalive answer to a [`PING`](Self::PING).
    pub const PONG: Self = Self(*b"PONG");
    /// The reason why the connection is about to be closed.
    pub const GBYE: Self = Self(*b"GBYE");

    /// The status of a node's chain.
    pub const STAT: Self = Self(*b"STAT");
    /// A transaction. The fourth byte is a space.
    pub const TXN: Self = Self(*b"TXN ");
    /// A block.
    pub const BLOC: Self = Self(*b"BLOC");
    /// A request for headers.
    pub const GHDR: Self = Self(*b"GHDR");
    /// Headers.
    pub const HDRS: Self = Self(*b"HDRS");
    /// A request for blocks.
    pub const GBLK: Self = Self(*b"GBLK");
    /// Requested blocks or transactions that the sender does not have.
    pub const NOTF: Self = Self(*b"NOTF");
    /// A request for transactions.
    pub const GTXN: Self = Self(*b"GTXN");
    /// A reject: the rule that a block or a transaction broke.
    pub const RJCT: Self = Self(*b"RJCT");
    /// A request for addresses of nodes.
    pub const GADR: Self = Self(*b"GADR");
    /// Addresses of nodes.
    pub const ADDR: Self = Self(*b"ADDR");
    /// A block with short ids in place of its payments.
    pub const CBLK: Self = Self(*b"CBLK");
    /// A request for payments of a compact block.
    pub const GBTX: Self = Self(*b"GBTX");
    /// Payments of a compact block.
    pub const BTXS: Self = Self(*b"BTXS");
    /// A request for a proof of work.
    pub const GPRF: Self = Self(*b"GPRF");
    /// A proof of work.
    pub const PROF: Self = Self(*b"PROF");
    /// A request for a proof of ancestry.
    pub const GANC: Self = Self(*b"GANC");
    /// A proof of ancestry.
    pub const ANCS: Self = Self(*b"ANCS");
    /// A request for receipts.
    pub const GTXP: Self = Self(*b"GTXP");
    /// Receipts.
    pub const TXPR: Self = Self(*b"TXPR");
    /// A request for block filters.
    pub const GFIL: Self = Self(*b"GFIL");
    /// Block filters.
    pub const FILT: Self = Self(*b"FILT");
    /// A request for a snapshot's manifest.
    pub const GSNP: Self = Self(*b"GSNP");
    /// A snapshot's manifest.
    pub const SNPM: Self = Self(*b"SNPM");
    /// A request for a chunk of a snapshot.
    pub const GCHK: Self = Self(*b"GCHK");
    /// A chunk of a snapshot.
    pub const CHNK: Self = Self(*b"CHNK");

    /// Returns the tag with these bytes.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Returns the tag's bytes as they are in a frame.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl Display for Tag {
    /// Writes the letters. Bytes that are not printable ASCII are escaped, because a peer chose them.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        pad_whole(f, &self.0.escape_ascii().to_string())
    }
}

impl Debug for Tag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

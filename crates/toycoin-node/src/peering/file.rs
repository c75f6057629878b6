//! The peers file: the address book and the mutes as text.
//!
//! ```text
//!   /ip4/20.1.2.3/tcp/25001/p2p/12D3KooW.. 1800000000 0 1800000000 anchor      multiaddr seen tries last anchor
//!   /ip4/20.4.5.6/tcp/25001/p2p/12D3KooW.. 1800000000 2 1799990000             tried: no fifth field
//!   /ip4/20.7.8.9/tcp/25001 1800000000 0 0 20.1.2.3                            new: the IP address of its source
//!   mute 12D3KooW.. 1800000600                                                 muted until then
//! ```
//!
//! Times are Unix seconds: `seen` is when a node was seen there, `last` when we were connected (0: never), `tries` the
//! number of failed dials since. Only the first two lines can be anchors. Empty lines and those that begin with `#` are
//! skipped; a line that is none of these is skipped and counted.

use core::net::IpAddr;
use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use super::{Endpoint, PeerAddress, PeerId, entry::Entry};
use crate::limits;

/// What a peers file says.
#[derive(Debug, Default)]
pub(super) struct PeersFile {
    pub(super) addresses: Vec<StoredAddress>,
    /// Muted peers, each with the end of the mute in Unix seconds.
    pub(super) mutes: Vec<(PeerId, u64)>,
    /// The number of lines that are not understood.
    pub(super) broken: usize,
}

/// A line with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredAddress {
    pub(super) address: PeerAddress,
    pub(super) seen: u64,
    pub(super) tries: u32,
    pub(super) last: u64,
    pub(super) origin: Origin,
}

/// What the fifth field of an address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// An outbound peer that lasted longest.
    Anchor,
    /// We were connected there.
    Tried,
    /// This source named it.
    New(IpAddr),
}

/// A line with a mute.
pub(super) struct StoredMute<'a>(pub(super) &'a PeerId, pub(super) u64);

impl PeersFile {
    /// Reads the text of a peers file.
    pub(super) fn read(text: &str) -> Self {
        let mut file = Self::default();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(mute) = line.strip_prefix("mute ") {
                match parse_mute(mute) {
                    Some(mute) => file.mutes.push(mute),
                    None => file.broken += 1,
                }
                continue;
            }
            match line.parse::<StoredAddress>() {
                Ok(mut stored) => {
                    if stored.origin == Origin::Anchor && number >= limits::ANCHORS {
                        stored.origin = Origin::Tried;
                    }
                    file.addresses.push(stored);
                }
                Err(Broken) => file.broken += 1,
            }
        }
        file
    }
}

impl StoredAddress {
    /// Returns the line of an entry.
    pub(super) fn of(endpoint: Endpoint, entry: &Entry) -> Self {
        Self {
            address: PeerAddress { endpoint, peer: entry.peer.clone() },
            seen: entry.seen,
            tries: entry.attempts.failures(),
            last: entry.last,
            origin: if entry.is_tried() { Origin::Tried } else { Origin::New(entry.source) },
        }
    }
}

impl Display for StoredAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.address, self.seen, self.tries, self.last)?;
        match self.origin {
            Origin::Anchor => write!(f, " anchor"),
            Origin::Tried => Ok(()),
            Origin::New(source) => write!(f, " {source}"),
        }
    }
}

impl Display for StoredMute<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "mute {} {}", self.0, self.1)
    }
}

/// A line that is no address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl FromStr for StoredAddress {
    type Err = Broken;

    fn from_str(line: &str) -> Result<Self, Broken> {
        let mut fields = line.split_ascii_whitespace();
        let address = fields.next().and_then(|field| field.parse().ok()).ok_or(Broken)?;
        let seen = fields.next().and_then(|field| field.parse().ok()).ok_or(Broken)?;
        let tries = fields.next().and_then(|field| field.parse().ok()).ok_or(Broken)?;
        let last = fields.next().and_then(|field| field.parse().ok()).ok_or(Broken)?;
        let origin = match fields.next() {
            None => Origin::Tried,
            Some("anchor") => Origin::Anchor,
            Some(source) => Origin::New(source.parse().map_err(|_| Broken)?),
        };
        if fields.next().is_some() {
            return Err(Broken);
        }
        Ok(Self { address, seen, tries, last, origin })
    }
}

fn parse_mute(fields: &str) -> Option<(PeerId, u64)> {
    let (peer, until) = fields.split_once(' ')?;
    Some((peer.parse().ok()?, until.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

    #[test]
    fn lines_read_as_they_are_written() {
        let text = [
            format!("/ip4/20.1.2.3/tcp/25001/p2p/{ID} 1800000000 0 1800000001 anchor"),
            format!("/ip6/2a01:4f8::1/tcp/1/p2p/{ID} 1 2 3"),
            "/ip4/20.1.2.4/tcp/7 18446744073709551615 4294967295 0 ::1".to_owned(),
        ];
        let file = PeersFile::read(&text.join("\n"));
        assert_eq!(file.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), text);
        assert_eq!(file.broken, 0);
        let mute = format!("mute {ID} 1800000600");
        let file = PeersFile::read(&mute);
        assert_eq!(file.mutes.iter().map(|(id, end)| StoredMute(id, *end).to_string()).collect::<Vec<_>>(), [mute]);
    }

    #[test]
    fn broken_lines_are_skipped_and_counted() {
        let good = "/ip4/20.1.2.4/tcp/7 1 0 1";
        let lines = [
            "",
            "# a comment",
            "nonsense",
            "/ip4/20.1.2.4/tcp/7",
            "/ip4/20.1.2.4/tcp/7 1 0",
            "/ip4/20.1.2.4/tcp/7 -1 0 1",
            "/ip4/20.1.2.4/tcp/7 1 0 1 somebody",
            "/ip4/20.1.2.4/tcp/7 1 0 1 anchor 1",
            "/ip4/20.1.2.4/tcp/7 1 99999999999 1",
            "mute",
            "mute 0OIl 1",
            "mute 12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
            "\u{0}\u{ffff}",
            good,
        ];
        let file = PeersFile::read(&lines.join("\r\n"));
        assert_eq!((file.broken, file.addresses.len(), file.mutes.len()), (11, 1, 0));
    }

    #[test]
    fn only_the_first_two_lines_are_anchors() {
        let line = "/ip4/20.1.2.4/tcp/7 1 0 1 anchor\n".repeat(4);
        let origins: Vec<_> = PeersFile::read(&line).addresses.iter().map(|stored| stored.origin).collect();
        assert_eq!(origins, [Origin::Anchor, Origin::Anchor, Origin::Tried, Origin::Tried]);
    }
}

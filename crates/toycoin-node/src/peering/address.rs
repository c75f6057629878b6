//! Where a node listens, and who answers there.

use core::net::{IpAddr, SocketAddr};
use std::{
    fmt::{self, Debug, Display, Formatter},
    str::FromStr,
};

use thiserror::Error;
use toycoin_wire::limits::MAX_PEER_ID;

/// A peer id: the name that a node's key gives it, as libp2p writes it in bytes. At most 42 bytes.
///
/// Its text is base58 (the alphabet of Bitcoin), as libp2p shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(Box<[u8]>);

/// An IP address and a TCP port. Its text is a multiaddr, such as `/ip4/127.0.0.1/tcp/25001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The IP address. An IPv4 address that is mapped into IPv6 is written as IPv4.
    pub ip: IpAddr,
    /// The TCP port, never 0.
    pub port: u16,
}

/// An endpoint, and the peer that is expected there if it is known. Its text is a multiaddr, such as
/// `/ip4/127.0.0.1/tcp/25001/p2p/12D3KooW...`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress {
    /// Where the peer listens.
    pub endpoint: Endpoint,
    /// Its id; `None` if anybody may answer there.
    pub peer: Option<PeerId>,
}

/// The reason why a text or bytes are no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text is no multiaddr of this form.
    #[error("{0:?} is no address like /ip4/127.0.0.1/tcp/25001 or /ip6/::1/tcp/25001/p2p/12D3KooW...")]
    NoMultiaddr(String),
    /// The IP address cannot be parsed.
    #[error("{0:?} is no IP address")]
    NoIp(String),
    /// The port is no number from 1 to 65535.
    #[error("{0:?} is no port from 1 to 65535")]
    NoPort(String),
    /// The peer id is empty, too long or no base58.
    #[error("{0:?} is no peer id: base58 of 1 to {MAX_PEER_ID} bytes")]
    NoPeerId(String),
}

impl PeerId {
    /// Returns the peer id with these bytes; `None` for no bytes or more than 42.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (1..=MAX_PEER_ID).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Endpoint {
    /// Returns the endpoint with this address and port; `None` for port 0.
    pub fn new(ip: IpAddr, port: u16) -> Option<Self> {
        (port > 0).then(|| Self { ip: ip.to_canonical(), port })
    }

    /// Returns it as the standard library's address.
    pub const fn to_socket_addr(self) -> SocketAddr {
        SocketAddr::new(self.ip, self.port)
    }
}

impl Display for PeerId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&bs58::encode(&self.0).into_string())
    }
}

impl Debug for PeerId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

impl FromStr for PeerId {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError::NoPeerId(shown(text));
        // a byte takes at most two characters
        if text.len() > 2 * MAX_PEER_ID {
            return Err(error());
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| error())?;
        Self::from_bytes(&bytes).ok_or_else(error)
    }
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let family = if self.ip.is_ipv4() { "ip4" } else { "ip6" };
        write!(f, "/{family}/{}/tcp/{}", self.ip, self.port)
    }
}

impl Display for PeerAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.peer {
            Some(peer) => write!(f, "{}/p2p/{peer}", self.endpoint),
            None => write!(f, "{}", self.endpoint),
        }
    }
}

impl FromStr for Endpoint {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address: PeerAddress = text.parse()?;
        match address.peer {
            None => Ok(address.endpoint),
            Some(_) => Err(AddressError::NoMultiaddr(shown(text))),
        }
    }
}

impl FromStr for PeerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError::NoMultiaddr(shown(text));
        let mut parts = text.strip_prefix('/').ok_or_else(error)?.split('/');
        let mut next = || parts.next().ok_or_else(error);
        let (family, ip, tcp, port) = (next()?, next()?, next()?, next()?);
        let is_known = matches!(family, "ip4" | "ip6") && tcp == "tcp";
        if !is_known {
            return Err(error());
        }
        let address: IpAddr = ip.parse().map_err(|_| AddressError::NoIp(shown(ip)))?;
        if address.is_ipv4() != (family == "ip4") {
            return Err(AddressError::NoIp(shown(ip)));
        }
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(|| AddressError::NoPort(shown(port)))?;
        let endpoint = Endpoint { ip: address.to_canonical(), port };
        let peer = match (parts.next(), parts.next(), parts.next()) {
            (None, None, None) => None,
            (Some("p2p"), Some(id), None) => Some(id.parse()?),
            _ => return Err(error()),
        };
        Ok(Self { endpoint, peer })
    }
}

/// Returns the first characters of a text that a stranger may have written.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_are_written() {
        for text in [
            "/ip4/127.0.0.1/tcp/25001",
            "/ip6/::1/tcp/1",
            "/ip4/10.1.2.3/tcp/65535/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
        ] {
            let address: PeerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        let mapped: PeerAddress = "/ip6/::ffff:10.1.2.3/tcp/7".parse().unwrap();
        assert_eq!(mapped.to_string(), "/ip4/10.1.2.3/tcp/7");
    }

    #[test]
    fn what_is_no_address_says_what_is_wrong() {
        use AddressError::{NoIp, NoMultiaddr, NoPeerId, NoPort};
        let error = |text: &str| text.parse::<PeerAddress>().unwrap_err();
        for text in
            ["", "127.0.0.1:25001", "/ip4/1.2.3.4", "/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.4/tcp/1/ws", "/dns/a/tcp/1"]
        {
            assert!(matches!(error(text), NoMultiaddr(_)), "{text}");
        }
        for text in ["/ip4/1.2.3/tcp/1", "/ip4/::1/tcp/1", "/ip6/1.2.3.4/tcp/1"] {
            assert!(matches!(error(text), NoIp(_)), "{text}");
        }
        for text in ["/ip4/1.2.3.4/tcp/0", "/ip4/1.2.3.4/tcp/65536", "/ip4/1.2.3.4/tcp/x"] {
            assert!(matches!(error(text), NoPort(_)), "{text}");
        }
        let long = "z".repeat(100);
        for id in ["", "0OIl", long.as_str()] {
            assert!(matches!(error(&format!("/ip4/1.2.3.4/tcp/1/p2p/{id}")), NoPeerId(_)), "{id}");
        }
    }
}

//! What a carrier is told when it starts.

use std::{
    fmt::{self, Display, Formatter},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use toycoin_core::ChainParams;
use toycoin_node::{
    limits::INBOUND_SLOTS,
    peering::{AddressError, Endpoint, PeerAddress},
};

use crate::{
    limits::{MAX_CROSSING, PING_INTERVAL, PING_TIMEOUT},
    names::NetworkNames,
};

/// The configuration of a carrier. Without listeners and peers it stands alone.
///
/// ```
/// use toycoin_core::ChainParams;
/// use toycoin_p2p::{Config, ListenAddress};
///
/// let listen: ListenAddress = "/ip4/0.0.0.0/tcp/25001".parse()?;
/// let config = Config::new(&ChainParams::lab())
///     .listen(listen)
///     .peer("/ip4/192.168.1.7/tcp/25001".parse()?);
/// # Ok::<(), toycoin_node::peering::AddressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) names: NetworkNames,
    pub(crate) listen: Vec<ListenAddress>,
    pub(crate) peers: Vec<PeerAddress>,
    pub(crate) peers_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) max_inbound: usize,
    pub(crate) trust_only: bool,
    pub(crate) count_local_groups: bool,
    pub(crate) agent: String,
    pub(crate) seed: Option<[u8; 32]>,
    pub(crate) mdns: bool,
    /// Time between two pings, and the time that one may take.
    pub(crate) ping: (Duration, Duration),
    pub(crate) max_crossing: Duration,
}

/// An address to listen on: an IP address of this machine, or the unspecified one for all of them, and a TCP port, or 0
/// for one that the system chooses. Its text is a multiaddr such as `/ip4/0.0.0.0/tcp/25001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenAddress(SocketAddr);

impl Config {
    /// Returns the configuration of a carrier in this network, without listeners and peers.
    pub fn new(params: &ChainParams) -> Self {
        Self {
            names: NetworkNames::new(params.genesis_hash()),
            listen: Vec::new(),
            peers: Vec::new(),
            peers_file: None,
            key_file: None,
            max_inbound: INBOUND_SLOTS,
            trust_only: false,
            count_local_groups: false,
            agent: concat!("toycoin/", env!("CARGO_PKG_VERSION")).into(),
            seed: None,
            mdns: false,
            ping: (PING_INTERVAL, PING_TIMEOUT),
            max_crossing: MAX_CROSSING,
        }
    }

    /// Listens on an address, besides those that were named before.
    #[must_use]
    pub fn listen(mut self, address: impl Into<ListenAddress>) -> Self {
        self.listen.push(address.into());
        self
    }

    /// Names a peer. It is dialled, and its address is never forgotten.
    #[must_use]
    pub fn peer(mut self, address: PeerAddress) -> Self {
        self.peers.push(address);
        self
    }

    /// Reads known addresses and mutes from a file at the start, and writes them there every 10 minutes and at the end.
    /// The file need not exist.
    #[must_use]
    pub fn peers_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.peers_file = Some(path.into());
        self
    }

    /// Keeps the node's key in a file. It is made if it does not exist. Without a file each start draws a new key, and
    /// so a new peer id.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_file = Some(path.into());
        self
    }

    /// Accepts at most this many connections; 117 ([`INBOUND_SLOTS`]) unless set.
    #[must_use]
    pub const fn max_inbound(mut self, most: usize) -> Self {
        self.max_inbound = most;
        self
    }

    /// Connects with the [named peers](Self::peer) alone, in both directions.
    #[must_use]
    pub const fn trust_only(mut self, trust_only: bool) -> Self {
        self.trust_only = trust_only;
        self
    }

    /// Sets the name of the program, at most 64 bytes. Peers show it.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = agent.into();
        self
    }

    /// Sets the seed of all choices among addresses; drawn at the start unless set.
    #[must_use]
    pub const fn seed(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Pings peers more often, and waits less long, for tests.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn ping_every(mut self, interval: Duration, timeout: Duration) -> Self {
        self.ping = (interval, timeout);
        self
    }

    /// Lets a connection give way to one that crosses it up to another age than [`MAX_CROSSING`], for tests.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub const fn max_crossing(mut self, age: Duration) -> Self {
        self.max_crossing = age;
        self
    }

    /// Applies the limits per address and per group of addresses to loopback and private ones too, for tests on one
    /// machine.
    #[must_use]
    pub const fn count_local_groups(mut self, count: bool) -> Self {
        self.count_local_groups = count;
        self
    }

    /// Looks for nodes of the same local network by multicast DNS, and tells them where this one listens. Everybody
    /// there can see that, and can claim to be a node.
    #[must_use]
    pub const fn mdns(mut self, mdns: bool) -> Self {
        self.mdns = mdns;
        self
    }
}

impl ListenAddress {
    /// Returns the address as the standard library has it.
    pub const fn to_socket_addr(self) -> SocketAddr {
        self.0
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }
}

impl From<Endpoint> for ListenAddress {
    fn from(endpoint: Endpoint) -> Self {
        Self(endpoint.to_socket_addr())
    }
}

impl Display for ListenAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let family = if self.0.is_ipv4() { "ip4" } else { "ip6" };
        write!(f, "/{family}/{}/tcp/{}", self.0.ip(), self.0.port())
    }
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // an endpoint has no port 0, a listener may
        let Some(free) = text.strip_suffix("/tcp/0") else { return text.parse().map(Endpoint::into) };
        let endpoint: Endpoint = format!("{free}/tcp/1").parse()?;
        Ok(Self(SocketAddr::new(endpoint.ip, 0)))
    }
}

/// Returns the multiaddr of an address, as libp2p has it.
pub(crate) fn multiaddr(address: SocketAddr) -> libp2p::Multiaddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) => libp2p::multiaddr::Protocol::Ip4(ip),
        IpAddr::V6(ip) => libp2p::multiaddr::Protocol::Ip6(ip),
    };
    libp2p::Multiaddr::empty().with(ip).with(libp2p::multiaddr::Protocol::Tcp(address.port()))
}

/// Returns the endpoint that a multiaddr of libp2p names; `None` if it is no TCP address.
pub(crate) fn endpoint(address: &libp2p::Multiaddr) -> Option<Endpoint> {
    use libp2p::multiaddr::Protocol;

    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else { return None };
    match parts.next() {
        None | Some(Protocol::P2p(_)) => Endpoint::new(ip, port),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_address_reads_as_it_is_written() {
        for text in ["/ip4/0.0.0.0/tcp/25001", "/ip4/127.0.0.1/tcp/0", "/ip6/::/tcp/1"] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        for text in ["/ip4/0.0.0.0/udp/1", "0.0.0.0:1", "/ip4/1.2.3.4/tcp/70000", "/tcp/0"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_tcp_multiaddrs_are_endpoints() {
        let peer = libp2p::PeerId::random();
        for text in ["/ip4/10.0.0.1/tcp/7", "/ip6/::1/tcp/7", &format!("/ip4/10.0.0.1/tcp/7/p2p/{peer}")] {
            let found = endpoint(&text.parse().unwrap()).unwrap();
            assert_eq!(endpoint(&multiaddr(found.to_socket_addr())), Some(found));
        }
        for text in ["/ip4/10.0.0.1/udp/7", "/dns4/a.example/tcp/7", "/ip4/10.0.0.1/tcp/0", "/ip4/10.0.0.1/tcp/7/ws"] {
            assert_eq!(endpoint(&text.parse().unwrap()), None, "{text}");
        }
    }
}

//! The sockets of multicast DNS: one that hears, and one for each interface that speaks.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket as StdSocket},
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

use crate::limits::MAX_MDNS_INTERFACES;

/// The sockets. Only IPv4 is spoken.
#[derive(Debug)]
pub(super) struct Sockets {
    hears: UdpSocket,
    speak: BTreeMap<Ipv4Addr, UdpSocket>,
}

impl Sockets {
    /// Opens the socket that hears. It shares its port with other programs of this machine.
    pub(super) fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((HEARD, PORT)).into())?;
        Ok(Self { hears: UdpSocket::from_std(socket.into())?, speak: BTreeMap::new() })
    }

    /// Speaks on the interfaces with these addresses, up to a bound, and on no others.
    pub(super) fn follow(&mut self, addresses: impl Iterator<Item = IpAddr>) {
        let mut wanted: Vec<_> = addresses
            .filter_map(|ip| match ip {
                IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
                _ => None,
            })
            .collect();
        if wanted.is_empty() {
            // a node that does not listen asks on the interface that the system prefers
            wanted.extend(preferred());
        }
        self.speak.retain(|ip, _| wanted.contains(ip));
        for ip in wanted {
            if self.speak.len() < MAX_MDNS_INTERFACES && !self.speak.contains_key(&ip) {
                match self.join(ip) {
                    Ok(socket) => drop(self.speak.insert(ip, socket)),
                    Err(error) => tracing::debug!("no multicast on the interface of {ip}: {error}"),
                }
            }
        }
    }

    /// Returns the addresses of the interfaces on which it speaks.
    pub(super) fn interfaces(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.speak.keys().copied()
    }

    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.hears.recv_from(buffer).await
    }

    /// Says something on each interface; what that is, is asked with the interface's address.
    pub(super) async fn send(&self, say: impl Fn(IpAddr) -> Option<Vec<u8>>) {
        for (ip, socket) in &self.speak {
            let Some(datagram) = say(IpAddr::V4(*ip)) else { continue };
            if let Err(error) = socket.send_to(&datagram, (GROUP, PORT)).await {
                tracing::debug!("cannot speak on the interface of {ip}: {error}");
            }
        }
    }

    fn join(&self, ip: Ipv4Addr) -> io::Result<UdpSocket> {
        match SockRef::from(&self.hears).join_multicast_v4(&GROUP, &ip) {
            // it was here before, and its socket has gone with its address
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => return Err(error),
            _ => {}
        }
        let socket = StdSocket::bind(SocketAddrV4::new(ip, 0))?;
        socket.set_nonblocking(true)?;
        let options = SockRef::from(&socket);
        options.set_multicast_if_v4(&ip)?;
        options.set_multicast_loop_v4(true)?;
        options.set_multicast_ttl_v4(TTL)?;
        UdpSocket::from_std(socket)
    }
}

/// Returns the address of the interface from which the system speaks to the group; `None` if there is none.
fn preferred() -> Option<Ipv4Addr> {
    let socket = StdSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // which sends nothing
    socket.connect((GROUP, PORT)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    }
}

/// The group in which nodes of a local network meet. Routers do not pass it on.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// The port of multicast DNS.
const PORT: u16 = 5353;

/// A socket that is bound to the group hears what is sent to the group, and nothing that comes from afar.
#[cfg(unix)]
const HEARD: Ipv4Addr = GROUP;

/// Here a socket cannot be bound to a group.
#[cfg(not(unix))]
const HEARD: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Hops that RFC 6762 asks for, so that a receiver could see that a datagram was not routed.
const TTL: u32 = 255;

//! The source of a connection, by its address: connections of one source share a quota.

use std::net::IpAddr;

use crate::relay::{ConnectionId, Source};

/// Returns the source of a connection: its IPv4 address, or the /64 network of its IPv6 address, since a provider's
/// customer gets at least a /64. A loopback connection is a source of its own.
pub(super) fn source(address: IpAddr, connection: ConnectionId) -> Source {
    match address.to_canonical() {
        address if address.is_loopback() => Source::Connection(connection),
        // no IPv6 network from which a connection could come lies below 2^48
        IpAddr::V4(address) => Source::Address(0xffff_0000_0000 | u64::from(address.to_bits())),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments().map(u64::from);
            Source::Address(a << 48 | b << 32 | c << 16 | d)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str, connection: u64) -> Source {
        source(address.parse().unwrap(), ConnectionId(connection))
    }

    #[test]
    fn connections_from_one_address_share() {
        for (one, other) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7", "::ffff:192.0.2.7"),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(of(one, 1), of(other, 2), "{one} and {other}");
        }
    }

    #[test]
    fn other_addresses_do_not_share() {
        let addresses = ["192.0.2.7", "192.0.2.8", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db9:1:2::1", "fe80::1"];
        let sources: std::collections::BTreeSet<_> = addresses.iter().map(|address| of(address, 1)).collect();
        assert_eq!(sources.len(), addresses.len());
    }

    #[test]
    fn loopback_connections_stand_alone() {
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(address, 5), Source::Connection(ConnectionId(5)), "{address}");
        }
    }
}

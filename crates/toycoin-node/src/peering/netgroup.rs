//! Netgroups: addresses that probably belong to one owner.
//!
//! Addresses of one /16 (IPv6: one /32) come from one provider, and one owner rents many of them cheaply. Addresses in
//! many netgroups are expensive, so limits and choices go by netgroup. On a private network everybody may share one, so
//! loopback and private addresses are free of these limits.

use core::net::IpAddr;

/// A netgroup: the family of an IP address with its first 16 bits (IPv4) or 32 bits (IPv6). An IPv4 address that is
/// mapped into IPv6 has the netgroup of the IPv4 address.
///
/// ```
/// use toycoin_node::peering::Netgroup;
///
/// let of = |ip: &str| ip.parse().map(Netgroup::of);
/// assert_eq!(of("8.8.1.1")?, of("8.8.255.2")?);
/// assert_ne!(of("8.8.1.1")?, of("8.9.1.1")?);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Netgroup([u8; 5]);

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// From the same machine.
    Loopback,
    /// From the same private network: the private ranges of RFC 1918 and RFC 4193, link-local addresses of IPv4, and
    /// the shared address space of RFC 6598.
    Private,
    /// From everywhere.
    Public,
}

/// Which netgroups count for limits. The default is that of the protocol: those of public addresses alone.
///
/// ```
/// use toycoin_node::peering::{Netgroup, Netgroups};
///
/// let groups = Netgroups::default();
/// assert_eq!(groups.counted([192, 168, 1, 7].into()), None, "a classroom shares one");
/// assert_eq!(groups.counted([8, 8, 8, 8].into()), Some(Netgroup::of([8, 8, 4, 4].into())));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Netgroups {
    /// Whether loopback and private netgroups count too.
    pub count_local: bool,
}

impl Netgroup {
    /// Returns the netgroup of an IP address.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, ..] = ip.octets();
                Self([4, a, b, 0, 0])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.octets();
                Self([6, a, b, c, d])
            }
        }
    }

    /// Returns its bytes, for hashes.
    pub(super) const fn to_bytes(self) -> [u8; 5] {
        self.0
    }
}

impl Scope {
    /// Returns the scope of an IP address; `None` if no node can be dialled there.
    pub fn of(ip: IpAddr) -> Option<Self> {
        let (is_usable, is_private) = match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, ..] = ip.octets();
                // a shared address space (100.64.0.0/10) lies behind a provider's NAT
                let is_shared = a == 100 && (64..128).contains(&b);
                (a != 0 && a < 224, ip.is_private() || ip.is_link_local() || is_shared)
            }
            // a link-local address of IPv6 needs the name of an interface
            IpAddr::V6(ip) => {
                (!ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local(), ip.is_unique_local())
            }
        };
        match (is_usable, ip.to_canonical().is_loopback(), is_private) {
            (false, ..) => None,
            (true, true, _) => Some(Self::Loopback),
            (true, false, true) => Some(Self::Private),
            (true, false, false) => Some(Self::Public),
        }
    }

    /// Returns whether a node at an address of this scope may name addresses of scope `named`.
    ///
    /// What a stranger says of our own machine or network is useless at best. At worst it makes us dial a printer.
    pub const fn may_name(self, named: Self) -> bool {
        match self {
            Self::Loopback => matches!(named, Self::Loopback),
            Self::Private => matches!(named, Self::Private | Self::Public),
            Self::Public => matches!(named, Self::Public),
        }
    }
}

impl Netgroups {
    /// Returns the netgroup that counts for limits; `None` if the IP address is free of them.
    pub fn counted(self, ip: IpAddr) -> Option<Netgroup> {
        (self.count_local || Scope::of(ip) == Some(Scope::Public)).then(|| Netgroup::of(ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_netgroup_is_a_16_or_a_32() {
        for (a, b, same) in [
            ("8.8.1.1", "8.8.255.2", true),
            ("8.8.1.1", "8.9.1.1", false),
            ("8.8.1.1", "::ffff:8.8.3.3", true),
            ("2a01:4f8::1", "2a01:4f8:ffff::2", true),
            ("2a01:4f8::1", "2a01:4f9::1", false),
            ("4.8.0.0", "408::", false),
        ] {
            assert_eq!(Netgroup::of(ip(a)) == Netgroup::of(ip(b)), same, "{a} {b}");
        }
    }

    #[test]
    fn scopes_follow_the_address_registries() {
        for (text, scope) in [
            ("127.9.9.9", Some(Scope::Loopback)),
            ("::1", Some(Scope::Loopback)),
            ("::ffff:127.0.0.1", Some(Scope::Loopback)),
            ("10.0.0.1", Some(Scope::Private)),
            ("172.31.0.1", Some(Scope::Private)),
            ("192.168.3.4", Some(Scope::Private)),
            ("169.254.1.1", Some(Scope::Private)),
            ("100.64.0.1", Some(Scope::Private)),
            ("fd00::1", Some(Scope::Private)),
            ("100.128.0.1", Some(Scope::Public)),
            ("8.8.8.8", Some(Scope::Public)),
            ("2a01:4f8::1", Some(Scope::Public)),
            ("0.0.0.0", None),
            ("0.1.2.3", None),
            ("224.0.0.1", None),
            ("255.255.255.255", None),
            ("::", None),
            ("ff02::1", None),
            ("fe80::1", None),
        ] {
            assert_eq!(Scope::of(ip(text)), scope, "{text}");
        }
    }

    #[test]
    fn local_groups_count_only_if_configured() {
        for local in ["127.1.0.1", "10.1.0.1", "fd00::1"] {
            assert_eq!(Netgroups { count_local: false }.counted(ip(local)), None);
            assert_eq!(Netgroups { count_local: true }.counted(ip(local)), Some(Netgroup::of(ip(local))));
        }
        assert!(Netgroups { count_local: false }.counted(ip("8.8.8.8")).is_some());
        assert_ne!(Netgroup::of(ip("127.1.0.1")), Netgroup::of(ip("127.2.0.1")));
    }

    #[test]
    fn nobody_names_addresses_of_narrower_scope() {
        use Scope::{Loopback, Private, Public};
        let named = |scope: Scope| [Loopback, Private, Public].map(|named| scope.may_name(named));
        assert_eq!(named(Loopback), [true, false, false]);
        assert_eq!(named(Private), [false, true, true]);
        assert_eq!(named(Public), [false, false, true]);
    }
}

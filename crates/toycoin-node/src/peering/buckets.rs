//! Where an address goes in the tables of the address book: its bucket, and its place there.
//!
//! ```text
//!   new:    bucket = h(source's netgroup, h(source's netgroup, address's netgroup) mod 16) mod 256
//!   tried:  bucket = h(address) mod 64
//!   both:   position = h(bucket, address) mod 64         h: BLAKE3 with a secret key
//! ```
//!
//! Each address has one place per table and source, so what a source names can displace little. Sources of one netgroup
//! reach 16 of the 256 buckets, and addresses of one netgroup reach one bucket through them. The key is secret, so
//! nobody can search for addresses that hit the place of another one.

use core::net::IpAddr;

use super::{
    Endpoint,
    netgroup::{Netgroup, Netgroups},
};
use crate::limits;

/// The secret by which addresses are placed.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    key: [u8; 32],
    groups: Netgroups,
}

/// A place in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The number of its bucket.
    pub(super) bucket: u16,
    /// Its number in the bucket.
    pub(super) position: u16,
}

impl Buckets {
    /// Returns the places that follow from a secret key.
    pub(super) const fn new(key: [u8; 32], groups: Netgroups) -> Self {
        Self { key, groups }
    }

    /// Returns the place of an address in the table of new ones.
    pub(super) fn new_place(&self, endpoint: Endpoint, source: IpAddr) -> Place {
        let bucket = match self.groups.counted(endpoint.ip) {
            // a classroom has one netgroup, and needs all buckets
            None => self.number(b'n', &[&bytes(endpoint)], limits::NEW_BUCKETS),
            Some(group) => {
                let source = Netgroup::of(source).to_bytes();
                let share = self.number(b's', &[&source, &group.to_bytes()], limits::SOURCE_BUCKETS);
                self.number(b'b', &[&source, &share.to_le_bytes()], limits::NEW_BUCKETS)
            }
        };
        Place { bucket, position: self.number(b'p', &[&bucket.to_le_bytes(), &bytes(endpoint)], limits::BUCKET_PLACES) }
    }

    /// Returns the place of an address in the table of tried ones.
    pub(super) fn tried_place(&self, endpoint: Endpoint) -> Place {
        let bucket = self.number(b't', &[&bytes(endpoint)], limits::TRIED_BUCKETS);
        Place { bucket, position: self.number(b'q', &[&bucket.to_le_bytes(), &bytes(endpoint)], limits::BUCKET_PLACES) }
    }

    /// Returns the secret rank of a netgroup, by which eviction spares some peers.
    pub(super) fn rank(&self, group: Netgroup) -> u16 {
        self.number(b'r', &[&group.to_bytes()], u16::MAX)
    }

    /// Returns a keyed hash below a bound. The parts that follow one label always have the same lengths.
    fn number(&self, label: u8, parts: &[&[u8]], below: u16) -> u16 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&[label]);
        for part in parts {
            hasher.update(part);
        }
        let [low, high, ..] = *hasher.finalize().as_bytes();
        u16::from_le_bytes([low, high]) % below
    }
}

fn bytes(endpoint: Endpoint) -> [u8; 18] {
    let mut bytes = [0; 18];
    let ip = match endpoint.ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let (first, last) = bytes.split_at_mut(16);
    first.copy_from_slice(&ip.octets());
    last.copy_from_slice(&endpoint.port.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn buckets(key: u8) -> Buckets {
        Buckets::new([key; 32], Netgroups { count_local: false })
    }

    fn endpoint(number: u32, first: [u8; 2]) -> Endpoint {
        let [.., c, d] = number.to_be_bytes();
        Endpoint { ip: [first[0], first[1], c, d].into(), port: 25_001 }
    }

    #[test]
    fn one_source_reaches_one_bucket_per_group() {
        let source = "5.6.7.8".parse().unwrap();
        let reached = |groups: u8| -> BTreeSet<u16> {
            let all = (0..groups).flat_map(|group| (0..500).map(move |number| endpoint(number, [20, group])));
            all.map(|endpoint| buckets(1).new_place(endpoint, source).bucket).collect()
        };
        assert_eq!(reached(1).len(), 1);
        assert!(reached(4).len() <= 4);
        assert!(reached(200).len() <= usize::from(limits::SOURCE_BUCKETS));
    }

    #[test]
    fn many_sources_and_local_addresses_reach_all() {
        let sources = (0..=255).flat_map(|a| (0..20).map(move |b| IpAddr::from([b + 50, a, 1, 1])));
        let public: BTreeSet<_> =
            sources.map(|source| buckets(1).new_place(endpoint(1, [20, 1]), source).bucket).collect();
        assert!(public.len() > 250, "{}", public.len());
        let home = IpAddr::from([127, 0, 0, 1]);
        let local: BTreeSet<_> =
            (1..=5_000).map(|port| buckets(1).new_place(Endpoint { ip: home, port }, home)).collect();
        assert!(local.len() > 4_000, "{}", local.len());
    }

    #[test]
    fn places_follow_from_the_key_alone() {
        let source = "5.6.7.8".parse().unwrap();
        let places = |key| (0..100).map(|n| buckets(key).new_place(endpoint(n, [1, 2]), source)).collect::<Vec<_>>();
        assert_eq!(places(1), places(1));
        assert_ne!(places(1), places(2));
        let tried = |key| (0..100).map(|n| buckets(key).tried_place(endpoint(n, [1, 2]))).collect::<Vec<_>>();
        assert_eq!(tried(1), tried(1));
        assert_ne!(tried(1), tried(2));
        for place in places(3) {
            assert!(place.bucket < limits::NEW_BUCKETS && place.position < limits::BUCKET_PLACES);
        }
        for place in tried(3) {
            assert!(place.bucket < limits::TRIED_BUCKETS && place.position < limits::BUCKET_PLACES);
        }
    }
}

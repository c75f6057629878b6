//! Telling others of addresses: the answers to `GADR`.
//!
//! Each answer is a small random part of the address book. The parts of many answers would be the whole book, and
//! show who is connected to whom. So there is one part a day for all askers of a scope, however often they return.

use core::net::IpAddr;
use std::collections::BTreeMap;

use toycoin_wire::{limits::MAX_ADDRESSES, node::NodeAddress};

use super::{Endpoint, PeerId, Peering, Role, dialling::below, entry::Entry, netgroup::Scope};
use crate::{limits, machine::Monotonic};

/// The addresses that each scope of askers is told.
#[derive(Debug, Default)]
pub(super) struct Draws(BTreeMap<Scope, Draw>);

/// The addresses that are told until some time, at most 64.
#[derive(Debug)]
struct Draw {
    until: Monotonic,
    endpoints: Vec<Endpoint>,
}

impl Peering {
    /// Returns the answer to a `GADR` of a peer: at most 64 addresses, the first of them our own. It is empty after the
    /// first time per connection, and for a peer that we dialled.
    ///
    /// A peer that we dialled gets nothing, so that nobody can send us its own address and then look for it in our
    /// answer (fingerprinting). Only addresses that we were connected to, or that their owner named, are told. Muted
    /// peers and addresses that the asker cannot reach are left out. The others are chosen at random once a day.
    pub fn addresses_for(&mut self, peer: &PeerId) -> Vec<NodeAddress> {
        let Some(connection) = self.slots.get_mut(peer).filter(|of| of.role == Role::Inbound && !of.is_told) else {
            return Vec::new();
        };
        connection.is_told = true;
        let Some(asker) = Scope::of(connection.endpoint.ip) else { return Vec::new() };
        let now_s = self.now.unix_ms / 1_000;
        let mut told = Vec::new();
        if let Some(own) = &self.config.own {
            let listen = self.config.listen.iter().filter(|endpoint| reaches(asker, endpoint.ip));
            told.extend(listen.take(MAX_ADDRESSES).map(|endpoint| node_address(*endpoint, own, now_s)));
        }
        self.draw(asker);
        let drawn = self.draws.0.get(&asker).map(|draw| draw.endpoints.as_slice()).unwrap_or_default();
        for endpoint in drawn {
            if told.len() < MAX_ADDRESSES
                && let Some(entry) = self.book.get(endpoint)
                && let Some(id) = self.told_id(endpoint, entry)
                && id != peer
            {
                told.push(node_address(*endpoint, id, entry.seen));
            }
        }
        told
    }

    /// Draws the addresses that askers of a scope are told for a day. As long as they are fewer than 64, nothing of the
    /// book is hidden, and new ones are added. An address that is no longer told keeps its place.
    fn draw(&mut self, asker: Scope) {
        let now = self.now.monotonic;
        let fresh = || Draw { until: now + limits::ADDRESS_DRAW_TIME, endpoints: Vec::new() };
        let mut draw = self.draws.0.remove(&asker).filter(|draw| draw.until > now).unwrap_or_else(fresh);
        if draw.endpoints.len() < MAX_ADDRESSES {
            let told = self.book.iter().filter(|(endpoint, entry)| {
                reaches(asker, endpoint.ip)
                    && self.told_id(endpoint, entry).is_some()
                    && !draw.endpoints.contains(endpoint)
            });
            let mut others: Vec<_> = told.map(|(endpoint, _)| endpoint).collect();
            while draw.endpoints.len() < MAX_ADDRESSES
                && let Some(number) = below(&mut self.rng, others.len())
            {
                draw.endpoints.push(others.swap_remove(number));
            }
        }
        self.draws.0.insert(asker, draw);
    }

    /// Returns the id that others are told with an address; `None` if they are not told of it now.
    fn told_id<'a>(&self, endpoint: &Endpoint, entry: &'a Entry) -> Option<&'a PeerId> {
        let id = entry.peer.as_ref()?;
        let is_told = entry.is_vouched(*endpoint)
            && !entry.is_terrible(self.now.unix_ms / 1_000)
            && self.mutes.until(id).is_none()
            && !self.is_own(endpoint, Some(id));
        is_told.then_some(id)
    }
}

/// Returns whether an asker can reach an address: a node on this machine reaches everything, and everybody else what it
/// may name itself.
fn reaches(asker: Scope, ip: IpAddr) -> bool {
    Scope::of(ip).is_some_and(|scope| asker == Scope::Loopback || asker.may_name(scope))
}

fn node_address(endpoint: Endpoint, peer: &PeerId, seen: u64) -> NodeAddress {
    let ip = match endpoint.ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let seen = u32::try_from(seen / 3_600).unwrap_or(u32::MAX);
    NodeAddress { peer: peer.as_bytes().to_vec(), ip: ip.octets(), port: endpoint.port, seen }
}

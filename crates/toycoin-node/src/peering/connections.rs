//! What the machine of peering does when connections come and go, and when it hears of addresses.

use core::net::IpAddr;
use std::time::Duration;

use toycoin_wire::limits::MAX_ADDRESSES;

use super::{
    Endpoint, PeerAddress, PeerId, Peering, PeeringOutput, Role,
    eviction::{self, Candidate},
    netgroup::{Netgroup, Scope},
    slots::{Choice, Connection},
};
use crate::limits;

impl Peering {
    pub(super) fn on_heard(&mut self, source: IpAddr, addresses: Vec<(PeerAddress, u32)>) {
        let source = source.to_canonical();
        let Some(scope) = Scope::of(source).filter(|_| !self.config.trust_only) else { return };
        for (address, hour) in addresses {
            if !self.allowances.take(source, self.now.monotonic) {
                return;
            }
            let (endpoint, peer) = (address.endpoint, address.peer.as_ref());
            let is_reachable = Scope::of(endpoint.ip).is_some_and(|named| scope.may_name(named));
            let is_muted = peer.is_some_and(|peer| self.mutes.until(peer).is_some());
            if is_reachable && !is_muted && endpoint.port > 0 && !self.is_own(&endpoint, peer) {
                self.is_changed |= self.book.hear(&address, source, u64::from(hour) * 3_600, self.now);
            }
        }
    }

    pub(super) fn on_connected(&mut self, peer: PeerId, endpoint: Endpoint, role: Role) {
        let now = self.now.monotonic;
        let dial = if role == Role::Inbound { None } else { self.slots.end_dial(&endpoint) };
        self.is_changed = true;
        if self.config.own.as_ref() == Some(&peer) {
            if role != Role::Inbound {
                self.on_self(endpoint);
            }
            return self.refuse(peer, "it is this node itself");
        }
        let is_pinned = role != Role::Inbound && self.pinned.contains(&endpoint);
        if role != Role::Inbound {
            // whatever becomes of the connection, the address is known now
            self.book.identify(&endpoint, &peer);
            self.pinned.answer(&endpoint, &peer);
        }
        if self.mutes.until(&peer).is_some() {
            return self.refuse(peer, "it is muted");
        }
        if self.config.trust_only && !self.pinned.trusts(&peer) {
            return self.refuse(peer, "it is not on the list of trusted peers");
        }
        if role != Role::Inbound && (is_pinned || !self.config.trust_only) {
            self.book.connect(endpoint, &peer, self.now);
        }
        if self.slots.is_connected(&peer) {
            return;
        }
        // only one peer at a pinned address, or whoever lives there could take all slots
        let is_beyond_limits = is_pinned && !self.slots.outbound_endpoints().contains(&endpoint);
        match role {
            Role::Feeler => {
                self.book.end(&endpoint, self.now);
                return self.refuse(peer, "it was a feeler");
            }
            Role::Outbound if !is_beyond_limits && !self.has_outbound_room(endpoint.ip) => {
                self.count_failure(&endpoint, role);
                return self.refuse(peer, "no slot is free");
            }
            Role::Inbound if !self.make_inbound_room(endpoint.ip) => {
                return self.refuse(peer, "no slot is free");
            }
            Role::Outbound | Role::Inbound => {}
        }
        let choice = if is_pinned { Choice::Pinned } else { dial.map_or(Choice::New, |dial| dial.choice) };
        self.slots.connect(peer.clone(), Connection::new(endpoint, role, choice, now));
        if role == Role::Outbound && !self.config.trust_only {
            let most = u32::try_from(MAX_ADDRESSES).unwrap_or(u32::MAX);
            self.allowances.grant(endpoint.ip, most, now);
            self.outputs.push_back(PeeringOutput::AskAddresses { peer });
        }
    }

    pub(super) fn on_failed(&mut self, endpoint: &Endpoint) {
        if let Some(dial) = self.slots.end_dial(endpoint) {
            self.is_changed = true;
            self.count_failure(endpoint, dial.role);
            // whoever answers next time is the one; only the configuration knows better
            if !self.pinned.contains(endpoint) {
                self.book.doubt(endpoint);
            }
        }
    }

    pub(super) fn on_self(&mut self, endpoint: Endpoint) {
        self.is_changed = true;
        self.slots.end_dial(&endpoint);
        self.book.remove(&endpoint);
        self.pinned.remove(&endpoint);
        if !self.own_endpoints.contains(&endpoint) {
            self.own_endpoints.push_back(endpoint);
        }
        if self.own_endpoints.len() > limits::OWN_ADDRESSES {
            self.own_endpoints.pop_front();
        }
    }

    pub(super) fn on_gone(&mut self, peer: &PeerId) {
        let Some(connection) = self.slots.disconnect(peer) else { return };
        self.is_changed = true;
        if connection.role != Role::Outbound {
            return;
        }
        let endpoint = connection.endpoint;
        if self.now.monotonic.saturating_since(connection.since) < limits::SHORT_CONNECTION {
            return self.count_failure(&endpoint, connection.role);
        }
        self.book.end(&endpoint, self.now);
        self.pinned.end(&endpoint, self.now.monotonic);
    }

    pub(super) fn on_shunned(&mut self, peer: PeerId, time: Duration) {
        self.is_changed = true;
        self.mutes.mute(peer.clone(), time, self.now.monotonic);
        if self.slots.is_connected(&peer) {
            self.on_gone(&peer);
            self.refuse(peer, "it is muted");
        }
    }

    /// Drops the outbound peer whose tip is most work behind ours, and was for long, if there is another to dial.
    pub(super) fn drop_behind(&mut self) {
        let now = self.now.monotonic;
        let is_late = |connection: &Connection| {
            connection.behind.filter(|(since, _)| now.saturating_since(*since) >= limits::BEHIND_TIME)
        };
        let outbound = self.slots.outbound().filter(|(_, connection)| connection.choice != Choice::Pinned);
        let late = outbound.filter_map(|(peer, connection)| Some((is_late(connection)?.1, peer)));
        let Some(peer) = late.max().map(|(_, peer)| peer.clone()) else { return };
        if !self.has_substitute() {
            return;
        }
        if let Some(connection) = self.slots.disconnect(&peer) {
            self.is_changed = true;
            self.book.end(&connection.endpoint, self.now);
            if let Some(attempts) = self.book.attempts_mut(&connection.endpoint) {
                attempts.postpone(now + limits::MAX_DIAL_BACKOFF);
            }
        }
        self.refuse(peer, "its tip is far behind");
    }

    fn has_outbound_room(&self, ip: IpAddr) -> bool {
        self.slots.outbound_len(None) < self.config.outbound && self.slots.group_has_room(ip)
    }

    /// Returns whether an inbound connection has a slot, after evicting another one if there is none.
    fn make_inbound_room(&mut self, ip: IpAddr) -> bool {
        if self.may_accept(ip).is_err() {
            return false;
        }
        if self.slots.inbound_len() < self.config.max_inbound {
            return true;
        }
        let inbound = self.slots.connected().filter(|(_, connection)| connection.role == Role::Inbound);
        let candidates = inbound.filter(|(peer, _)| !self.pinned.trusts(peer)).map(|(peer, connection)| {
            let group = Netgroup::of(connection.endpoint.ip);
            Candidate {
                peer: peer.clone(),
                group,
                rank: self.buckets.rank(group),
                since: connection.since,
                ping: connection.ping,
                block: connection.block,
                transaction: connection.transaction,
            }
        });
        let Some(victim) = eviction::evicted(candidates.collect()) else { return false };
        self.slots.disconnect(&victim);
        self.refuse(victim, "another peer needs its slot");
        true
    }

    /// Counts a failed dial. While nobody at all is connected, it is more likely that our own network is down, and no
    /// address is forgotten.
    fn count_failure(&mut self, endpoint: &Endpoint, role: Role) {
        if role == Role::Inbound {
            return;
        }
        self.book.fail(endpoint, !self.slots.is_empty(), self.now);
        self.pinned.fail(endpoint, self.now.monotonic);
    }

    fn refuse(&mut self, peer: PeerId, reason: &'static str) {
        self.outputs.push_back(PeeringOutput::Drop { peer, reason });
    }
}

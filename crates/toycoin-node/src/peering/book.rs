//! The address book: a table of addresses that were heard of (new), and one of those that answered (tried).
//!
//! ```text
//!   heard of ──▶ new ──connected──▶ tried ──place wanted, no answer──▶ new
//!                 │                    │
//!                 │ 10 failed dials    │ 10 failed dials, and the last success is older than 30 days
//!                 └────────────────────┴──▶ forgotten
//! ```
//!
//! A new address displaces another one only if that is worth nothing. A tried address keeps its place as long as it
//! answers (test before evict), so an attacker cannot displace good addresses by connecting often. An address that
//! answered is not forgotten soon: the halves of a parted network must find each other again, however long it takes.

use core::net::IpAddr;
use std::collections::BTreeMap;

use super::{
    Endpoint, PeerAddress, PeerId,
    attempts::Attempts,
    buckets::{Buckets, Place},
    entry::{Entry, Table, is_out_of_time},
    file::{Origin, StoredAddress},
};
use crate::{
    limits,
    machine::{Monotonic, Now},
};

/// The address book.
#[derive(Debug)]
pub(super) struct Book {
    buckets: Buckets,
    entries: BTreeMap<Endpoint, Entry>,
    new: BTreeMap<Place, Endpoint>,
    tried: BTreeMap<Place, Endpoint>,
    /// Tried addresses whose place is wanted, each with the address that wants it.
    tests: BTreeMap<Endpoint, Endpoint>,
}

impl Book {
    pub(super) const fn new(buckets: Buckets) -> Self {
        Self { buckets, entries: BTreeMap::new(), new: BTreeMap::new(), tried: BTreeMap::new(), tests: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn tried_len(&self) -> usize {
        self.tried.len()
    }

    pub(super) fn get(&self, endpoint: &Endpoint) -> Option<&Entry> {
        self.entries.get(endpoint)
    }

    pub(super) fn attempts_mut(&mut self, endpoint: &Endpoint) -> Option<&mut Attempts> {
        self.entries.get_mut(endpoint).map(|entry| &mut entry.attempts)
    }

    /// Returns all addresses, in the order of the endpoints.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Endpoint, &Entry)> {
        self.entries.iter().map(|(endpoint, entry)| (*endpoint, entry))
    }

    /// Hears of an address that was seen at `seen` (Unix seconds). Returns whether it is a new one.
    pub(super) fn hear(&mut self, address: &PeerAddress, source: IpAddr, seen: u64, now: Now) -> bool {
        let (endpoint, now_s) = (address.endpoint, now.unix_ms / 1_000);
        let is_owner = source == endpoint.ip;
        let penalty = if is_owner { 0 } else { limits::ADDRESS_PENALTY.as_secs() };
        if is_out_of_time(seen, now_s) || is_out_of_time(seen.saturating_sub(penalty), now_s) {
            return false;
        }
        let seen = seen.saturating_sub(penalty);
        let Some(entry) = self.entries.get_mut(&endpoint) else {
            return self.insert_new(address, source, seen, now);
        };
        entry.seen = entry.seen.max(seen);
        if entry.last > 0 || !is_owner {
            return false;
        }
        // the owner knows its id, and hearsay moves to where the owner's word belongs
        if entry.attempts.failures() == 0 {
            entry.peer = address.peer.clone().or_else(|| entry.peer.take());
        }
        let place = self.buckets.new_place(endpoint, source);
        if let Table::New(before) = entry.table
            && (before == place || !self.new.contains_key(&place))
        {
            entry.source = source;
            entry.table = Table::New(place);
            self.new.remove(&before);
            self.new.insert(place, endpoint);
        }
        false
    }

    /// Notes that this node is connected to `peer` at an address. The address becomes a tried one, unless its place is
    /// taken. Then the holder's test is noted, and the address stays a new one until then.
    pub(super) fn connect(&mut self, endpoint: Endpoint, peer: &PeerId, now: Now) {
        let now_s = now.unix_ms / 1_000;
        self.tests.remove(&endpoint);
        let place = self.buckets.tried_place(endpoint);
        let holder = self.tried.get(&place).copied();
        if !self.entries.contains_key(&endpoint) {
            let address = PeerAddress { endpoint, peer: Some(peer.clone()) };
            if holder.is_some() {
                self.insert_new(&address, endpoint.ip, now_s, now);
            } else {
                self.insert(&address, endpoint.ip, now_s, Table::Tried(place));
            }
        }
        let is_fresh = holder.is_none_or(|holder| {
            let fresh = limits::TRIED_FRESH.as_secs();
            self.entries.get(&holder).is_some_and(|entry| now_s.saturating_sub(entry.last) < fresh)
        });
        let Some(entry) = self.entries.get_mut(&endpoint) else { return };
        entry.peer = Some(peer.clone());
        entry.last = now_s.max(1);
        match holder {
            None => self.promote(endpoint, place),
            Some(holder) if holder != endpoint && !is_fresh && self.tests.len() < limits::TRIED_TESTS => {
                self.tests.entry(holder).or_insert(endpoint);
            }
            Some(_) => {}
        }
    }

    /// Notes that a connection has ended that lasted: its node was there until now.
    pub(super) fn end(&mut self, endpoint: &Endpoint, now: Now) {
        if let Some(entry) = self.entries.get_mut(endpoint) {
            let now_s = now.unix_ms / 1_000;
            entry.seen = entry.seen.max(now_s);
            entry.last = entry.last.max(now_s);
            entry.attempts.succeed(now.monotonic);
        }
    }

    /// Counts a failed dial. With `may_forget`, an address is forgotten after 10 of them in a row, unless this node was
    /// connected there in the last 30 days. A tried address whose place is wanted loses it at once.
    pub(super) fn fail(&mut self, endpoint: &Endpoint, may_forget: bool, now: Now) {
        let Some(entry) = self.entries.get_mut(endpoint) else { return };
        entry.attempts.fail(now.monotonic);
        if may_forget && entry.attempts.is_hopeless() && !entry.was_connected(now.unix_ms / 1_000) {
            self.remove(endpoint);
        } else if let Some(newcomer) = self.tests.remove(endpoint) {
            self.demote(*endpoint, now);
            let place = self.buckets.tried_place(newcomer);
            if !self.tried.contains_key(&place) {
                self.promote(newcomer, place);
            }
        }
    }

    /// Forgets an address.
    pub(super) fn remove(&mut self, endpoint: &Endpoint) {
        self.tests.retain(|holder, newcomer| holder != endpoint && newcomer != endpoint);
        match self.entries.remove(endpoint).map(|entry| entry.table) {
            Some(Table::New(place)) => self.new.remove(&place),
            Some(Table::Tried(place)) => self.tried.remove(&place),
            None => None,
        };
    }

    /// Notes who answered at an address.
    pub(super) fn identify(&mut self, endpoint: &Endpoint, peer: &PeerId) {
        if let Some(entry) = self.entries.get_mut(endpoint) {
            entry.peer = Some(peer.clone());
        }
    }

    /// Forgets who is said to live at an address where nobody answered. A wrong id would make a good address useless:
    /// a neighbour behind the same IP address may have claimed it, or the node has a new key.
    pub(super) fn doubt(&mut self, endpoint: &Endpoint) {
        if let Some(entry) = self.entries.get_mut(endpoint) {
            entry.peer = None;
        }
    }

    /// Returns the tried addresses whose place is wanted.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Endpoint> {
        self.tests.keys().copied()
    }

    /// Notes that a tried address needs no test, because it is connected.
    pub(super) fn pass(&mut self, holder: &Endpoint) {
        self.tests.remove(holder);
    }

    /// Takes an address from the peers file. One whose place is taken in the table of tried ones becomes a new one.
    pub(super) fn restore(&mut self, stored: &StoredAddress, now: Now) {
        let endpoint = stored.address.endpoint;
        if self.entries.contains_key(&endpoint) {
            return;
        }
        let is_tried = !matches!(stored.origin, Origin::New(_)) && stored.last > 0;
        let tried_place = self.buckets.tried_place(endpoint);
        let source = if let Origin::New(source) = stored.origin { source } else { endpoint.ip };
        let table = if is_tried && !self.tried.contains_key(&tried_place) {
            Table::Tried(tried_place)
        } else {
            let place = self.buckets.new_place(endpoint, source);
            let is_worthless = !is_tried && is_out_of_time(stored.seen, now.unix_ms / 1_000);
            if is_worthless || !self.make_room(place, now) {
                return;
            }
            Table::New(place)
        };
        self.insert(&stored.address, source, stored.seen, table);
        if let Some(entry) = self.entries.get_mut(&endpoint) {
            entry.last = stored.last;
            entry.attempts = Attempts::new(stored.tries, now.monotonic);
        }
    }

    /// Inserts an address into the table of new ones, if its place is free or holds an address that is worth nothing.
    fn insert_new(&mut self, address: &PeerAddress, source: IpAddr, seen: u64, now: Now) -> bool {
        let place = self.buckets.new_place(address.endpoint, source);
        if !self.make_room(place, now) {
            return false;
        }
        self.insert(address, source, seen, Table::New(place));
        true
    }

    /// Inserts an address that the book does not have at a free place.
    fn insert(&mut self, address: &PeerAddress, source: IpAddr, seen: u64, table: Table) {
        let (PeerAddress { endpoint, peer }, attempts) = (address.clone(), Attempts::new(0, Monotonic::ORIGIN));
        match table {
            Table::New(place) => self.new.insert(place, endpoint),
            Table::Tried(place) => self.tried.insert(place, endpoint),
        };
        self.entries.insert(endpoint, Entry { peer, source, seen, last: 0, attempts, table });
    }

    /// Returns whether a place of the table of new ones is free, after forgetting what is worth nothing there.
    fn make_room(&mut self, place: Place, now: Now) -> bool {
        let Some(holder) = self.new.get(&place).copied() else { return true };
        let is_terrible = self.entries.get(&holder).is_none_or(|entry| entry.is_terrible(now.unix_ms / 1_000));
        if is_terrible {
            self.remove(&holder);
        }
        is_terrible
    }

    /// Moves an address from the table of new ones to a free place in that of tried ones.
    fn promote(&mut self, endpoint: Endpoint, place: Place) {
        if let Some(entry) = self.entries.get_mut(&endpoint)
            && let Table::New(before) = entry.table
        {
            entry.table = Table::Tried(place);
            self.new.remove(&before);
            self.tried.insert(place, endpoint);
        }
    }

    /// Moves an address from the table of tried ones to that of new ones, or forgets it if its place there is taken.
    fn demote(&mut self, endpoint: Endpoint, now: Now) {
        let place = self.buckets.new_place(endpoint, endpoint.ip);
        if !self.make_room(place, now) {
            return self.remove(&endpoint);
        }
        if let Some(entry) = self.entries.get_mut(&endpoint)
            && let Table::Tried(before) = entry.table
        {
            entry.source = endpoint.ip;
            entry.table = Table::New(place);
            self.tried.remove(&before);
            self.new.insert(place, endpoint);
        }
    }
}

#[cfg(test)]
mod tests;

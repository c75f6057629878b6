//! Whom to dial next.
//!
//! Pinned peers come first, then anchors, then random addresses: a random netgroup, and a random address in it. So an
//! attacker with thousands of addresses in a few netgroups is chosen no more often than those netgroups are. Half of
//! the slots are for tried addresses and half for new ones, so that flooding one table alone cannot win all slots.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use super::{
    Endpoint, PeerAddress, PeerId, Peering, PeeringOutput, Role,
    entry::Entry,
    netgroup::Netgroup,
    slots::{Choice, Dial},
};
use crate::{limits, machine::Monotonic};

/// When an address may be dialled.
enum Availability {
    Now,
    /// Not before then, whatever happens until then.
    Later(Monotonic),
    /// Only once something else has changed.
    Unknown,
}

/// Addresses to choose from, by netgroup. An address that is free of limits is a group of its own.
struct Candidates(Vec<Vec<Endpoint>>);

impl Peering {
    /// Dials as long as there are free slots and addresses that are due. Notes when the next address is.
    pub(super) fn fill(&mut self) {
        self.fill_at = None;
        self.dial_pinned();
        if self.config.trust_only {
            return;
        }
        self.dial_anchors();
        if !self.has_free_slot() {
            return;
        }
        let (mut tried, mut new) = (self.candidates(Choice::Tried), self.candidates(Choice::New));
        while self.has_free_slot() {
            let lead = self.slots.outbound_len(Some(Choice::Tried)).cmp(&self.slots.outbound_len(Some(Choice::New)));
            let prefers_tried = lead.is_lt() || (lead.is_eq() && self.rng.next_u32() & 1 == 0);
            let (mut first, mut second) = ((&mut tried, Choice::Tried), (&mut new, Choice::New));
            if !prefers_tried {
                (first, second) = (second, first);
            }
            let chosen = self.choose(first.0).map(|endpoint| (endpoint, first.1));
            let Some((endpoint, choice)) =
                chosen.or_else(|| self.choose(second.0).map(|endpoint| (endpoint, second.1)))
            else {
                return;
            };
            self.dial(endpoint, Role::Outbound, choice);
        }
    }

    /// Sends a feeler: to a tried address whose place is wanted, else to a random new one.
    pub(super) fn feel(&mut self) {
        if self.config.trust_only || self.slots.has_feeler() || self.slots.dialling_len() >= limits::DIALS_IN_FLIGHT {
            return;
        }
        let connected = self.slots.outbound_endpoints();
        let wanted: Vec<_> = self.book.wanted().collect();
        for holder in &wanted {
            if self.is_there(holder, &connected) {
                self.book.pass(holder);
            }
        }
        let holder = wanted.into_iter().find(|holder| self.is_available_now(holder, &connected));
        let fill_at = self.fill_at;
        let chosen = holder.or_else(|| {
            let mut new = self.candidates(Choice::New);
            new.take(&mut self.rng)
        });
        // whom a feeler may dial is no matter of slots
        self.fill_at = fill_at;
        if let Some(endpoint) = chosen {
            self.dial(endpoint, Role::Feeler, Choice::New);
        }
    }

    /// Returns whether an address could be dialled in the place of a peer that goes.
    pub(super) fn has_substitute(&self) -> bool {
        let connected = self.slots.outbound_endpoints();
        self.book.iter().any(|(endpoint, _)| self.is_available_now(&endpoint, &connected))
    }

    fn has_free_slot(&self) -> bool {
        self.slots.outbound_len(None) < self.config.outbound && self.slots.dialling_len() < limits::DIALS_IN_FLIGHT
    }

    fn dial_pinned(&mut self) {
        let connected = self.slots.outbound_endpoints();
        let mut due = Vec::new();
        for pinned in self.pinned.iter() {
            let endpoint = pinned.address.endpoint;
            match self.availability(&endpoint, pinned.peer(), pinned.attempts.next(), &connected) {
                Availability::Now => due.push(endpoint),
                Availability::Later(then) => wake(&mut self.fill_at, then),
                Availability::Unknown => {}
            }
        }
        for endpoint in due {
            if self.slots.dialling_len() < limits::DIALS_IN_FLIGHT && !self.slots.is_dialling(&endpoint) {
                self.dial(endpoint, Role::Outbound, Choice::Pinned);
            }
        }
    }

    fn dial_anchors(&mut self) {
        for endpoint in std::mem::take(&mut self.anchors_to_dial) {
            let connected = self.slots.outbound_endpoints();
            let is_choice = !self.pinned.contains(&endpoint) && self.slots.group_has_room(endpoint.ip);
            if is_choice && self.has_free_slot() && self.is_available_now(&endpoint, &connected) {
                self.dial(endpoint, Role::Outbound, Choice::Tried);
            }
        }
    }

    fn dial(&mut self, endpoint: Endpoint, role: Role, choice: Choice) {
        let named = self.pinned.iter().find(|pinned| pinned.address.endpoint == endpoint);
        let peer = match named {
            // whoever answered before need not answer again
            Some(pinned) => pinned.address.peer.clone(),
            None => self.book.get(&endpoint).and_then(|entry| entry.peer.clone()),
        };
        let until = self.now.monotonic + limits::DIAL_TIMEOUT;
        self.slots.dial(endpoint, Dial { peer: peer.clone(), role, choice, until });
        self.outputs.push_back(PeeringOutput::Dial { address: PeerAddress { endpoint, peer }, role });
    }

    /// Returns the addresses of one table that may be dialled now, and notes when the next one may be.
    fn candidates(&mut self, choice: Choice) -> Candidates {
        let connected = self.slots.outbound_endpoints();
        let mut groups = BTreeMap::<(Option<Netgroup>, Option<Endpoint>), Vec<Endpoint>>::new();
        let mut next = self.fill_at;
        for (endpoint, entry) in self.book.iter().filter(|(_, entry)| entry.is_tried() == (choice == Choice::Tried)) {
            match self.availability_of(&endpoint, entry, &connected) {
                Availability::Now => {
                    let group = self.groups.counted(endpoint.ip);
                    groups.entry((group, group.is_none().then_some(endpoint))).or_default().push(endpoint);
                }
                Availability::Later(then) => wake(&mut next, then),
                Availability::Unknown => {}
            }
        }
        self.fill_at = next;
        Candidates(groups.into_values().collect())
    }

    /// Chooses an address whose netgroup has a free slot, and whose peer is not dialled elsewhere.
    fn choose(&mut self, candidates: &mut Candidates) -> Option<Endpoint> {
        loop {
            let endpoint = candidates.take(&mut self.rng)?;
            let peer = self.book.get(&endpoint).and_then(|entry| entry.peer.as_ref());
            if self.slots.group_has_room(endpoint.ip) && peer.is_none_or(|peer| !self.slots.has_peer(peer)) {
                return Some(endpoint);
            }
        }
    }

    fn is_available_now(&self, endpoint: &Endpoint, connected: &BTreeSet<Endpoint>) -> bool {
        let entry = self.book.get(endpoint);
        entry.is_some_and(|entry| matches!(self.availability_of(endpoint, entry, connected), Availability::Now))
    }

    /// Returns whether a node is connected whose address this is.
    fn is_there(&self, endpoint: &Endpoint, connected: &BTreeSet<Endpoint>) -> bool {
        let peer = self.book.get(endpoint).and_then(|entry| entry.peer.as_ref());
        connected.contains(endpoint) || peer.is_some_and(|peer| self.slots.is_connected(peer))
    }

    fn availability_of(&self, endpoint: &Endpoint, entry: &Entry, connected: &BTreeSet<Endpoint>) -> Availability {
        if self.pinned.contains(endpoint) {
            return Availability::Unknown;
        }
        self.availability(endpoint, entry.peer.as_ref(), entry.attempts.next(), connected)
    }

    fn availability(
        &self,
        endpoint: &Endpoint,
        peer: Option<&PeerId>,
        next: Monotonic,
        connected: &BTreeSet<Endpoint>,
    ) -> Availability {
        let is_taken = connected.contains(endpoint)
            || self.slots.is_dialling(endpoint)
            || self.is_own(endpoint, peer)
            || peer.is_some_and(|peer| self.slots.has_peer(peer));
        let muted = peer.and_then(|peer| self.mutes.until(peer));
        let then = muted.map_or(next, |end| end.max(next));
        match (is_taken, then > self.now.monotonic) {
            (true, _) => Availability::Unknown,
            (false, true) => Availability::Later(then),
            (false, false) => Availability::Now,
        }
    }
}

impl Candidates {
    /// Takes a random address of a random group.
    fn take(&mut self, rng: &mut ChaCha8Rng) -> Option<Endpoint> {
        let Self(groups) = self;
        let number = below(rng, groups.len())?;
        let group = groups.get_mut(number)?;
        let endpoint = below(rng, group.len()).map(|number| group.swap_remove(number));
        if group.is_empty() {
            groups.swap_remove(number);
        }
        endpoint
    }
}

/// Returns a random number below a bound; `None` for the bound 0.
pub(super) fn below(rng: &mut ChaCha8Rng, bound: usize) -> Option<usize> {
    let number = rng.next_u64().checked_rem(u64::try_from(bound).ok()?)?;
    usize::try_from(number).ok()
}

/// Moves a time to wake up to an earlier one.
fn wake(at: &mut Option<Monotonic>, then: Monotonic) {
    *at = Some(at.map_or(then, |at| at.min(then)));
}

//! The machine of peering.

use core::net::IpAddr;
use std::{collections::VecDeque, fmt::Write, time::Duration};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    Endpoint, PeerAddress, PeerId, PeeringConfig, PeeringInput, PeeringOutput, Refusal, Role,
    allowance::Allowances,
    book::Book,
    buckets::Buckets,
    file::{Origin, PeersFile, StoredAddress, StoredMute},
    mutes::Mutes,
    netgroup::{Netgroups, Scope},
    pinned::PinnedPeers,
    slots::Slots,
    telling::Draws,
};
use crate::{
    limits,
    machine::{Machine, Monotonic, Now},
};

/// Whom a node connects to: an address book, the slots for connections, and muted peers.
///
/// ```
/// use toycoin_node::{
///     machine::{Machine, Now},
///     peering::{Peering, PeeringConfig, PeeringInput, PeeringOutput, Role},
/// };
///
/// let file = "/ip4/127.0.0.1/tcp/25001 1800000000 0 1800000000\n";
/// let now = Now { unix_ms: 1_800_000_060_000, ..Now::default() };
/// let mut peering = Peering::new(PeeringConfig::default(), file, now);
/// assert_eq!(peering.next_timeout(), Some(now.monotonic), "there is somebody to dial");
/// peering.handle(now, PeeringInput::Timeout);
/// let Some(PeeringOutput::Dial { address, role }) = peering.poll_output() else { panic!("a dial") };
/// assert_eq!((address.to_string().as_str(), role), ("/ip4/127.0.0.1/tcp/25001", Role::Outbound));
/// ```
///
/// The driver reports a connection once both sides have joined. Of two connections with one peer that cross, it reports
/// the one that stays. A second `Connected` of a peer without a `Gone` between them does not change the first one.
/// After a `Drop` the peer counts as gone at once; a `Gone` of the driver then changes nothing.
#[derive(Debug)]
pub struct Peering {
    pub(super) config: PeeringConfig,
    pub(super) groups: Netgroups,
    pub(super) rng: ChaCha8Rng,
    pub(super) buckets: Buckets,
    pub(super) book: Book,
    pub(super) pinned: PinnedPeers,
    pub(super) slots: Slots,
    pub(super) mutes: Mutes,
    pub(super) allowances: Allowances,
    pub(super) draws: Draws,
    pub(super) outputs: VecDeque<PeeringOutput>,
    /// The time of the last input.
    pub(super) now: Now,
    /// Addresses that turned out to be this node's own.
    pub(super) own_endpoints: VecDeque<Endpoint>,
    /// Anchors of the peers file. They stay anchors until others have lasted long enough.
    anchors: Vec<Endpoint>,
    /// Anchors that are to be dialled first.
    pub(super) anchors_to_dial: Vec<Endpoint>,
    broken_lines: usize,
    /// When an address becomes due that a free slot waits for.
    pub(super) fill_at: Option<Monotonic>,
    /// Whether something has changed since the slots were filled.
    pub(super) is_changed: bool,
    feeler_at: Monotonic,
    save_at: Monotonic,
    behind_at: Monotonic,
}

/// A connected peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedPeer {
    /// Its id.
    pub peer: PeerId,
    /// The remote address; for a peer that dialled us, its port is not where it listens.
    pub endpoint: Endpoint,
    /// Who dialled: [`Role::Inbound`] or [`Role::Outbound`].
    pub role: Role,
    /// Since when it is connected.
    pub since: Monotonic,
}

impl Peering {
    /// Returns a machine that knows what a peers file says; `file` is its text, empty if there is none.
    ///
    /// Lines that are not understood are skipped and counted.
    pub fn new(config: PeeringConfig, file: &str, now: Now) -> Self {
        let mut rng = ChaCha8Rng::from_seed(config.seed);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        let groups = Netgroups { count_local: config.count_local_groups };
        let buckets = Buckets::new(key, groups);
        let start = now.monotonic;
        let mut peering = Self {
            groups,
            rng,
            book: Book::new(buckets.clone()),
            buckets,
            pinned: PinnedPeers::new(&config.peers, start),
            slots: Slots::new(groups),
            mutes: Mutes::default(),
            allowances: Allowances::default(),
            draws: Draws::default(),
            outputs: VecDeque::new(),
            now,
            own_endpoints: VecDeque::new(),
            anchors: Vec::new(),
            anchors_to_dial: Vec::new(),
            broken_lines: 0,
            fill_at: None,
            is_changed: true,
            feeler_at: start + limits::FEELER_INTERVAL,
            save_at: start + limits::PEERS_SAVE_INTERVAL,
            behind_at: start + limits::BEHIND_INTERVAL,
            config,
        };
        peering.restore(PeersFile::read(file));
        peering
    }

    /// Returns the text of the peers file: anchors, addresses and mutes.
    pub fn file(&self) -> String {
        let anchors = self.anchors();
        let mut text = String::new();
        let mut write = |line: &dyn std::fmt::Display| {
            // writing to a string cannot fail
            let _ = writeln!(text, "{line}");
        };
        for endpoint in &anchors {
            if let Some(entry) = self.book.get(endpoint) {
                write(&StoredAddress { origin: Origin::Anchor, ..StoredAddress::of(*endpoint, entry) });
            }
        }
        for (endpoint, entry) in self.book.iter().filter(|(endpoint, _)| !anchors.contains(endpoint)) {
            write(&StoredAddress::of(endpoint, entry));
        }
        for (peer, until) in self.mutes.unix_ends(self.now) {
            write(&StoredMute(peer, until));
        }
        text
    }

    /// Returns the number of lines of the peers file that were not understood.
    pub const fn broken_lines(&self) -> usize {
        self.broken_lines
    }

    /// Checks an incoming connection before its handshake, when nothing but its IP address is known.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoInbound`] if this node accepts none, [`Refusal::FullAddress`] or [`Refusal::FullGroup`] if there
    /// are too many from there. Full slots are no reason: another connection will go.
    pub fn may_accept(&self, ip: IpAddr) -> Result<(), Refusal> {
        if self.config.max_inbound == 0 {
            return Err(Refusal::NoInbound);
        }
        self.slots.check_inbound(ip)
    }

    /// Checks a peer once its id is known, whoever dialled.
    ///
    /// # Errors
    ///
    /// [`Refusal::Shunned`] if it is muted, [`Refusal::NotTrusted`] if only configured peers are trusted. While a
    /// configured address without an id is being dialled, anybody may answer, and `Connected` decides.
    pub fn may_connect(&self, peer: &PeerId) -> Result<(), Refusal> {
        let is_awaited = || self.slots.dialling().any(|(endpoint, _)| self.pinned.trusts_anybody_at(endpoint));
        if self.mutes.until(peer).is_some_and(|until| until > self.now.monotonic) {
            Err(Refusal::Shunned)
        } else if self.config.trust_only && !self.pinned.trusts(peer) && !is_awaited() {
            Err(Refusal::NotTrusted)
        } else {
            Ok(())
        }
    }

    /// Returns the number of addresses in the address book.
    pub fn known(&self) -> usize {
        self.book.len()
    }

    /// Returns the number of addresses that this node was connected to.
    pub fn tried(&self) -> usize {
        self.book.tried_len()
    }

    /// Returns the addresses in the address book, with whether this node was connected to them.
    pub fn addresses(&self) -> impl Iterator<Item = (PeerAddress, bool)> {
        self.book.iter().map(|(endpoint, entry)| (PeerAddress { endpoint, peer: entry.peer.clone() }, entry.is_tried()))
    }

    /// Returns the connected peers, in the order of their ids.
    pub fn connected(&self) -> impl Iterator<Item = ConnectedPeer> {
        self.slots.connected().map(|(peer, connection)| ConnectedPeer {
            peer: peer.clone(),
            endpoint: connection.endpoint,
            role: connection.role,
            since: connection.since,
        })
    }

    /// Returns the number of dials in flight.
    pub fn dialling(&self) -> usize {
        self.slots.dialling_len()
    }

    /// Returns the number of muted peers.
    pub fn muted(&self) -> usize {
        self.mutes.len()
    }

    /// Returns whether an address or a peer id is this node's own.
    pub(super) fn is_own(&self, endpoint: &Endpoint, peer: Option<&PeerId>) -> bool {
        self.own_endpoints.contains(endpoint)
            || self.config.listen.contains(endpoint)
            || peer.is_some_and(|peer| self.config.own.as_ref() == Some(peer))
    }

    /// Returns the anchors: outbound peers of the address book that lasted longest, then those of the last file.
    fn anchors(&self) -> Vec<Endpoint> {
        if !self.config.anchors {
            return Vec::new();
        }
        let is_old = |since: Monotonic| self.now.monotonic.saturating_since(since) >= limits::ANCHOR_AGE;
        let outbound = self.slots.outbound().map(|(_, connection)| connection);
        let mut lasting: Vec<_> = outbound.filter(|connection| is_old(connection.since)).collect();
        lasting.sort_by_key(|connection| connection.since);
        let mut anchors = Vec::new();
        for endpoint in lasting.into_iter().map(|connection| connection.endpoint).chain(self.anchors.iter().copied()) {
            let is_choice = self.book.get(&endpoint).is_some() && !self.pinned.contains(&endpoint);
            if is_choice && !anchors.contains(&endpoint) && anchors.len() < limits::ANCHORS {
                anchors.push(endpoint);
            }
        }
        anchors
    }

    fn restore(&mut self, file: PeersFile) {
        self.broken_lines = file.broken;
        for stored in &file.addresses {
            let endpoint = stored.address.endpoint;
            if Scope::of(endpoint.ip).is_none() || self.is_own(&endpoint, stored.address.peer.as_ref()) {
                continue;
            }
            self.book.restore(stored, self.now);
            if stored.origin == Origin::Anchor && self.config.anchors && self.anchors.len() < limits::ANCHORS {
                self.anchors.push(endpoint);
                self.anchors_to_dial.push(endpoint);
            }
        }
        for (peer, until) in file.mutes {
            let left = until.saturating_mul(1_000).saturating_sub(self.now.unix_ms);
            self.mutes.mute(peer, Duration::from_millis(left), self.now.monotonic);
        }
    }

    /// Does what is due at the time of an input.
    fn advance(&mut self) {
        let now = self.now.monotonic;
        let late: Vec<_> = self.slots.dialling().filter(|(_, dial)| dial.until <= now).map(|(at, _)| *at).collect();
        for endpoint in late {
            self.on_failed(&endpoint);
        }
        if self.behind_at <= now {
            self.behind_at = now + limits::BEHIND_INTERVAL;
            self.drop_behind();
        }
        if self.is_changed || self.fill_at.is_some_and(|at| at <= now) {
            self.fill();
            self.is_changed = false;
        }
        if self.feeler_at <= now {
            self.feeler_at = now + limits::FEELER_INTERVAL;
            self.feel();
        }
        if self.save_at <= now {
            self.save_at = now + limits::PEERS_SAVE_INTERVAL;
            self.outputs.push_back(PeeringOutput::Save);
        }
    }
}

impl Machine for Peering {
    type Input<'a> = PeeringInput;
    type Output = PeeringOutput;

    fn handle(&mut self, now: Now, input: PeeringInput) {
        self.now = now;
        self.is_changed |= self.mutes.expire(now.monotonic);
        match input {
            PeeringInput::Heard { source, addresses } => self.on_heard(source, addresses),
            PeeringInput::Connected { peer, endpoint, role } => self.on_connected(peer, endpoint, role),
            PeeringInput::Failed { endpoint } => self.on_failed(&endpoint),
            PeeringInput::IsSelf { endpoint } => self.on_self(endpoint),
            PeeringInput::Gone { peer } => self.on_gone(&peer),
            PeeringInput::Shunned { peer, time } => self.on_shunned(peer, time),
            PeeringInput::Shows { peer, work, ours } => {
                if let Some(connection) = self.slots.get_mut(&peer) {
                    connection.show(work, ours, now.monotonic);
                }
            }
            PeeringInput::BroughtBlock { peer } => {
                if let Some(connection) = self.slots.get_mut(&peer) {
                    connection.block = Some(now.monotonic);
                }
            }
            PeeringInput::BroughtTransaction { peer } => {
                if let Some(connection) = self.slots.get_mut(&peer) {
                    connection.transaction = Some(now.monotonic);
                }
            }
            PeeringInput::Pinged { peer, took } => {
                if let Some(connection) = self.slots.get_mut(&peer) {
                    connection.ping = Some(connection.ping.map_or(took, |ping| ping.min(took)));
                }
            }
            PeeringInput::Timeout => {}
        }
        self.advance();
    }

    fn poll_output(&mut self) -> Option<PeeringOutput> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        let at_once = self.is_changed.then_some(self.now.monotonic);
        let timers = self.feeler_at.min(self.save_at).min(self.behind_at);
        let others = [at_once, self.fill_at, self.slots.first_dial_end(), self.mutes.first_end()];
        others.into_iter().flatten().chain([timers]).min()
    }
}

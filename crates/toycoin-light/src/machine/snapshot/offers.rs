//! Who offers which snapshot.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use toycoin_core::{BlockHash, Header, proof::Opening, snapshot::Manifest};
use toycoin_wire::{NodeMessage, machine::Monotonic};

use crate::{
    limits,
    machine::{Server, kind::Kind, net::Net},
};

/// A snapshot that a server offers, without the hashes of its chunks: those of all servers would take 256 MiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) id: [u8; 32],
    pub(super) header: Header,
    pub(super) block: BlockHash,
    pub(super) opening: Opening,
}

/// The offers of all servers.
#[derive(Debug, Default)]
pub(super) struct Offers {
    offers: BTreeMap<Server, Offer>,
    /// The block of whose snapshot a server was asked; zeros for its newest.
    asked: BTreeMap<Server, BlockHash>,
    /// When a server that had no snapshot is asked again.
    again: BTreeMap<Server, Monotonic>,
    /// How often each id was given up, since its servers were slow.
    given_up: BTreeMap<[u8; 32], u32>,
    /// Ids that no set of coins has, the newest last.
    refuted: VecDeque<[u8; 32]>,
}

impl Offers {
    /// Asks every server without an offer for its newest snapshot.
    pub(super) fn act(&mut self, net: &mut Net) {
        self.offers.retain(|server, _| net.servers.get(server).is_some());
        self.again.retain(|server, _| net.servers.get(server).is_some());
        self.asked.retain(|server, _| net.servers.is_asked(server, Kind::Manifest));
        let now = net.now.monotonic;
        let is_due = |server: &Server| {
            !self.offers.contains_key(server) && self.again.get(server).is_none_or(|again| *again <= now)
        };
        let due: Vec<_> =
            net.servers.free(Kind::Manifest, now).map(|(server, _)| *server).filter(|server| is_due(server)).collect();
        for server in due {
            self.ask(net, server, BlockHash::ZERO);
        }
    }

    /// Asks a server for the snapshot of a block, or with zeros for its newest.
    pub(super) fn ask(&mut self, net: &mut Net, server: Server, block: BlockHash) {
        self.asked.insert(server, block);
        net.ask(server, Kind::Manifest, &NodeMessage::GetManifest(block));
    }

    /// Returns whether some server was asked for the snapshot of a block.
    pub(super) fn is_asked_for(&self, block: &BlockHash) -> bool {
        self.asked.values().any(|asked| asked == block)
    }

    /// Handles a manifest. Returns it if the server was asked for it and it may be true.
    pub(super) fn on_manifest(
        &mut self,
        net: &mut Net,
        server: Server,
        manifest: Manifest,
    ) -> Option<(Offer, Manifest)> {
        let asked = self.asked.remove(&server)?;
        net.servers.answered(&server, Kind::Manifest);
        if let Err(error) = manifest.check() {
            net.mute(server, format!("a manifest does not hold: {error}"));
            return None;
        }
        let Manifest { header, opening, .. } = manifest;
        let offer = Offer { id: manifest.id(), header, block: header.hash(), opening };
        if asked != BlockHash::ZERO && offer.block != asked {
            net.servers.failed(&server, Kind::Manifest, net.now.monotonic);
            return None;
        }
        if self.refuted.contains(&offer.id) {
            net.mute(server, format!("a snapshot of block {} is false", offer.block));
            return None;
        }
        let last = self.offers.insert(server, offer);
        if last.is_some_and(|last| last.block == offer.block && last.id != offer.id) {
            net.mute(server, format!("two snapshots of block {}", offer.block));
            return None;
        }
        Some((offer, manifest))
    }

    /// Handles that a server does not have the snapshot that it was asked for.
    pub(super) fn on_not_found(&mut self, net: &mut Net, server: Server, hashes: &[[u8; 32]]) {
        if self.asked.get(&server).is_some_and(|asked| hashes.contains(&asked.to_bytes())) {
            self.asked.remove(&server);
            net.servers.answered(&server, Kind::Manifest);
            self.withdraw(net, server);
        }
    }

    /// Notes that a server does not offer anything now. That is no crime.
    pub(super) fn withdraw(&mut self, net: &Net, server: Server) {
        self.offers.remove(&server);
        self.again.insert(server, net.now.monotonic + limits::NEXT_SNAPSHOT);
    }

    /// Forgets a server that is gone or muted.
    pub(super) fn forget(&mut self, server: &Server) {
        self.offers.remove(server);
        self.asked.remove(server);
        self.again.remove(server);
    }

    /// Returns the servers that offer a snapshot.
    pub(super) fn servers_of(&self, id: &[u8; 32]) -> Vec<Server> {
        self.offers.iter().filter(|(_, offer)| offer.id == *id).map(|(server, _)| *server).collect()
    }

    /// Returns the servers that say of a block what a proof refutes.
    pub(super) fn contradicting(&self, block: &BlockHash, opening: &Opening) -> Vec<Server> {
        let lies = |offer: &Offer| offer.block == *block && offer.opening != *opening;
        self.offers.iter().filter(|(_, offer)| lies(offer)).map(|(server, _)| *server).collect()
    }

    /// Chooses a snapshot at most at a height: one that was given up less often than others, then the highest, then the
    /// one that most servers offer, then by a draw.
    pub(super) fn choose(&self, net: &mut Net, highest: u64) -> Option<Offer> {
        let mut offered: BTreeMap<[u8; 32], (usize, Offer)> = BTreeMap::new();
        for offer in self.offers.values().filter(|offer| offer.header.height <= highest) {
            offered.entry(offer.id).or_insert((0, *offer)).0 += 1;
        }
        let rank = |servers: usize, offer: &Offer| {
            let given_up = self.given_up.get(&offer.id).copied().unwrap_or_default();
            (std::cmp::Reverse(given_up), offer.header.height, servers)
        };
        let best = offered.values().map(|(servers, offer)| rank(*servers, offer)).max()?;
        let equal: Vec<_> = offered.values().filter(|(servers, offer)| rank(*servers, offer) == best).collect();
        let place = net.draw().checked_rem(equal.len() as u64)?;
        equal.get(usize::try_from(place).ok()?).map(|(_, offer)| *offer)
    }

    /// Returns how long a snapshot may take besides its chunks: for ever, if there is no other one at most at a height.
    pub(super) fn patience(&self, id: &[u8; 32], highest: u64) -> Option<Duration> {
        let is_other = |offer: &Offer| offer.id != *id && offer.header.height <= highest;
        let doublings = self.given_up.get(id).copied().unwrap_or_default().min(limits::STALL_DOUBLINGS);
        self.offers.values().any(is_other).then(|| limits::STALL.saturating_mul(1 << doublings))
    }

    /// Notes that the servers of a snapshot were too slow.
    pub(super) fn give_up(&mut self, id: [u8; 32]) {
        let offered: BTreeSet<_> = self.offers.values().map(|offer| offer.id).collect();
        self.given_up.retain(|id, _| offered.contains(id));
        *self.given_up.entry(id).or_default() += 1;
    }

    /// Mutes all servers that offer a snapshot, since it is false.
    pub(super) fn refute(&mut self, net: &mut Net, id: [u8; 32], reason: &str) {
        if self.refuted.len() >= limits::FALSE_SNAPSHOTS {
            self.refuted.pop_front();
        }
        self.refuted.push_back(id);
        for server in self.servers_of(&id) {
            self.forget(&server);
            net.mute(server, format!("a snapshot is false: {reason}"));
        }
    }

    /// Returns when a server is asked again.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.again.iter().filter(|(server, _)| !self.offers.contains_key(server)).map(|(_, again)| *again).min()
    }
}

//! Bodies: asking several peers at once for the blocks whose headers are known.
//!
//! The way to the best header comes first. Its lowest block may be one that nobody sends, whoever says to have it: then
//! the other branches that peers have come before it, and the node goes on as far as there are bodies. Else whoever shows
//! headers and keeps the bodies to himself would stop everybody.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{BlockHash, store::ChainStore};
use toycoin_wire::node::NodeMessage;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{NodeMachine, peers::PeerKey},
    relay::ConnectionId,
};

/// Which blocks were asked of whom.
#[derive(Debug, Default)]
pub(super) struct BodySync {
    in_flight: BTreeMap<BlockHash, Asked>,
    /// Who was asked for a block already and did not send it.
    tried: BTreeMap<BlockHash, BTreeSet<PeerKey>>,
    /// The lowest missing blocks of branches that everybody was asked for in vain.
    withheld: BTreeSet<BlockHash>,
    /// Since when the way to the best header begins with one of these.
    best_withheld_since: Option<Monotonic>,
    /// When those who were tried are asked again.
    retry_at: Option<Monotonic>,
}

#[derive(Debug)]
struct Asked {
    peer: PeerKey,
    deadline: Monotonic,
}

impl BodySync {
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.in_flight.values().map(|asked| asked.deadline).chain(self.retry_at).min()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Returns since when nobody sends the lowest block that is missing on the way to the best header.
    pub(super) const fn best_withheld_since(&self) -> Option<Monotonic> {
        self.best_withheld_since
    }

    /// Notes that a block is here, whoever sent it.
    pub(super) fn arrived(&mut self, hash: &BlockHash) {
        self.in_flight.remove(hash);
        self.tried.remove(hash);
        self.withheld.remove(hash);
    }

    /// Forgets what was asked of peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.in_flight.retain(|_, asked| !gone(&asked.peer));
    }

    /// Notes that a peer does not send a block that it was asked for; false when it was not asked.
    fn failed(&mut self, hash: BlockHash, peer: PeerKey) -> bool {
        if self.in_flight.get(&hash).is_none_or(|asked| asked.peer != peer) {
            return false;
        }
        self.in_flight.remove(&hash);
        self.tried.entry(hash).or_default().insert(peer);
        true
    }

    fn asked_of(&self, peer: &PeerKey) -> usize {
        self.in_flight.values().filter(|asked| asked.peer == *peer).count()
    }

    fn asked_on(&self, connection: ConnectionId) -> usize {
        self.in_flight.values().filter(|asked| asked.peer.0 == connection).count()
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Asks for missing bodies wherever there is room.
    ///
    /// What was asked and not yet received stays within 4 MiB a relay connection, all peers together, so that an honest
    /// answer never overflows our queue at the relay: a block of unknown size counts as the largest.
    pub(super) fn request_bodies(&mut self) {
        let best = self.chain.missing_blocks(limits::BODY_REQUESTS, limits::BODY_WINDOW);
        let lowest = best.first().copied();
        let mut branches = vec![best];
        self.add_other_branches(&mut branches);
        let wanted: BTreeSet<_> = branches.iter().flatten().copied().collect();
        self.bodies.tried.retain(|hash, _| wanted.contains(hash));
        self.bodies.withheld.retain(|hash| wanted.contains(hash));
        let mut requests: BTreeMap<PeerKey, Vec<BlockHash>> = BTreeMap::new();
        let mut starved = false;
        while let Some(missing) = self.next_branch(&mut branches) {
            let withheld = self.ask_for(&missing, &mut requests, &mut starved);
            if withheld && branches.is_empty() {
                branches.push(missing);
                self.add_other_branches(&mut branches);
                branches.remove(0);
            }
        }
        let is_withheld = lowest.is_some_and(|lowest| self.bodies.withheld.contains(&lowest));
        let since = self.bodies.best_withheld_since.unwrap_or(self.now.monotonic);
        self.bodies.best_withheld_since = is_withheld.then_some(since);
        if starved && self.bodies.retry_at.is_none() {
            self.bodies.retry_at = Some(self.now.monotonic + limits::BODY_TIMEOUT);
        }
        for (peer, hashes) in requests {
            self.send_to(peer, &NodeMessage::GetBlocks(hashes));
        }
    }

    /// Takes the branch to be asked for next: those that begin with a block that nobody sends come last.
    fn next_branch(&self, branches: &mut Vec<Vec<BlockHash>>) -> Option<Vec<BlockHash>> {
        let is_withheld =
            |missing: &Vec<BlockHash>| missing.first().is_some_and(|lowest| self.bodies.withheld.contains(lowest));
        let place = branches.iter().position(|missing| !is_withheld(missing)).unwrap_or(0);
        (place < branches.len()).then(|| branches.remove(place))
    }

    /// If nobody sends the first branch's lowest block, adds the missing blocks of other branches with more work than the
    /// tip that peers have, the most work first: one for each lowest block, and some of them.
    fn add_other_branches(&self, branches: &mut Vec<Vec<BlockHash>>) {
        let is_withheld = |lowest: &BlockHash| self.bodies.withheld.contains(lowest);
        if !branches.first().and_then(|best| best.first()).is_some_and(is_withheld) {
            return;
        }
        let (tree, tip, now) = (self.chain.headers(), self.chain.tip().work, self.now.monotonic);
        let peers = self.peers.iter().filter(|(_, peer)| !peer.is_muted(now));
        let ends = peers.flat_map(|(_, peer)| peer.ends()).filter_map(|end| tree.get(&end));
        let ends: BTreeSet<_> = ends.map(|end| (end.work, end.hash)).filter(|(work, _)| *work > tip).collect();
        for (_, end) in ends.into_iter().rev() {
            if branches.len() > limits::BRANCHES {
                return;
            }
            let missing = self.chain.missing_blocks_towards(&end, limits::BODY_REQUESTS, limits::BODY_WINDOW);
            if !missing.is_empty() && branches.iter().all(|other| other.first() != missing.first()) {
                branches.push(missing);
            }
        }
    }

    /// Asks for a branch's missing blocks wherever there is room, and returns whether nobody is left to ask for the lowest
    /// for the first time: what builds on that can wait.
    fn ask_for(
        &mut self,
        missing: &[BlockHash],
        requests: &mut BTreeMap<PeerKey, Vec<BlockHash>>,
        starved: &mut bool,
    ) -> bool {
        let deadline = self.now.monotonic + limits::BODY_TIMEOUT;
        for (place, hash) in missing.iter().enumerate() {
            if self.bodies.in_flight.contains_key(hash) {
                continue;
            }
            match self.whom_to_ask(hash) {
                Whom::Peer(peer) => {
                    self.bodies.in_flight.insert(*hash, Asked { peer, deadline });
                    requests.entry(peer).or_default().push(*hash);
                }
                Whom::NobodyLeft => {
                    *starved = true;
                    if place == 0 {
                        return self.bodies.withheld.insert(*hash);
                    }
                }
                Whom::NoRoom => break,
            }
        }
        false
    }

    /// Chooses the peer with the least to do among those that should have a block and were not tried.
    fn whom_to_ask(&mut self, hash: &BlockHash) -> Whom {
        let now = self.now.monotonic;
        let Some(work) = self.chain.headers().get(hash).map(|entry| entry.work) else { return Whom::NobodyLeft };
        let tried = self.bodies.tried.get(hash);
        let able = self.peers.iter().filter(|(key, peer)| {
            peer.has(work)
                && !peer.is_muted(now)
                && self.is_ready(key.0)
                && tried.is_none_or(|tried| !tried.contains(*key))
        });
        let able: Vec<_> = able.map(|(key, _)| *key).collect();
        if able.is_empty() {
            return Whom::NobodyLeft;
        }
        let bodies = &self.bodies;
        let free = able.iter().filter(|key| {
            bodies.asked_of(key) < limits::BLOCKS_A_PEER && bodies.asked_on(key.0) < limits::BLOCKS_A_CONNECTION
        });
        let Some(least) = free.clone().map(|key| bodies.asked_of(key)).min() else { return Whom::NoRoom };
        let idle: Vec<_> = free.filter(|key| bodies.asked_of(key) == least).copied().collect();
        self.choose(&idle).copied().map_or(Whom::NoRoom, Whom::Peer)
    }

    /// Takes what a peer says that it does not have.
    pub(super) fn on_not_found(&mut self, peer: PeerKey, hashes: &[[u8; 32]]) {
        let mut asked = false;
        for hash in hashes {
            asked |= self.bodies.failed(BlockHash::from_bytes(*hash), peer);
        }
        if asked {
            self.request_bodies();
        }
    }

    /// Asks others for what did not come in time: a stall is no crime.
    pub(super) fn bodies_timeout(&mut self) {
        let now = self.now.monotonic;
        let late: Vec<_> = self.bodies.in_flight.iter().filter(|(_, asked)| asked.deadline <= now).collect();
        let late: Vec<_> = late.into_iter().map(|(hash, asked)| (*hash, asked.peer)).collect();
        for (hash, peer) in &late {
            self.bodies.failed(*hash, *peer);
        }
        let retry = self.bodies.retry_at.take_if(|at| *at <= now).is_some();
        if retry {
            self.bodies.tried.clear();
        }
        if retry || !late.is_empty() {
            self.request_bodies();
        }
    }
}

/// Whom to ask for a block.
enum Whom {
    Peer(PeerKey),
    /// Everybody who should have it was tried, or nobody should.
    NobodyLeft,
    /// Those who should have it are busy.
    NoRoom,
}

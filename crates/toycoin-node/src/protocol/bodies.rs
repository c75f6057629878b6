//! Bodies: requests to several peers at once for the blocks whose headers are known.
//!
//! The branch of the best header comes first. If nobody sends its lowest block soon, the other branches of the peers come
//! before it, and the node proceeds as far as there are bodies. Otherwise a peer could stop every node: it would show
//! headers and withhold the bodies, or send one now and then. What counts is the time, not the number of peers that were
//! asked, since new node ids that claim the branch cost nothing.
//!
//! Each block has at most one open request per connection. A request is late when its peer's time is over and all
//! deliveries that waited at the relay have arrived; then another peer is asked. While the block may only wait behind
//! others at the relay, an idle connection is asked as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{BlockHash, Work, store::ChainStore};
use toycoin_wire::node::NodeMessage;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        NodeMachine,
        in_flight::{Asked, InFlight},
        links::Link,
        peers::PeerKey,
        pipeline::Sizes,
        sources::{Source, Sources, Whom},
    },
    relay::ConnectionId,
};

/// The state of the requests for blocks.
#[derive(Debug, Default)]
pub(super) struct BodySync {
    in_flight: InFlight,
    /// The peers that were asked for each block and did not send it.
    tried: BTreeMap<BlockHash, BTreeSet<PeerKey>>,
    /// The lowest missing block on the branch of the best header, and since when it is that.
    lowest: Option<(BlockHash, Monotonic)>,
    /// Lowest missing blocks of branches that all peers were asked for without success, or that take too long.
    withheld: BTreeSet<BlockHash>,
    /// When the branch of the best header first began with one of these.
    best_withheld_since: Option<Monotonic>,
    /// When the peers that did not send a block are asked again.
    retry_at: Option<Monotonic>,
    sizes: Sizes,
}

impl BodySync {
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.in_flight.next_due().into_iter().chain(self.retry_at).chain(self.lowest_due()).min()
    }

    /// Returns when the lowest missing block counts as withheld, unless it does already.
    fn lowest_due(&self) -> Option<Monotonic> {
        let (_, since) = self.lowest.filter(|(hash, _)| !self.withheld.contains(hash))?;
        Some(since + limits::WITHHELD_AFTER)
    }

    /// Notes the lowest missing block on the branch of the best header.
    fn note_lowest(&mut self, lowest: Option<BlockHash>, now: Monotonic) {
        if self.lowest.map(|(hash, _)| hash) != lowest {
            self.lowest = lowest.map(|hash| (hash, now));
        }
        if let Some((hash, _)) = self.lowest
            && self.lowest_due().is_some_and(|due| due <= now)
        {
            self.withheld.insert(hash);
        }
    }

    /// Returns the number of open requests for blocks.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Returns since when nobody sends the lowest missing block on the branch of the best header.
    pub(super) const fn best_withheld_since(&self) -> Option<Monotonic> {
        self.best_withheld_since
    }

    /// Returns the expected bytes of a block that is not here yet.
    pub(super) fn expected_size(&self) -> u64 {
        self.sizes.estimate()
    }

    /// Removes the requests to peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.in_flight.forget(gone);
    }

    /// Adjusts requests after a relay dropped deliveries.
    pub(super) fn doubt(&mut self, connection: ConnectionId, patience: Duration, now: Monotonic) {
        self.in_flight.doubt(connection, patience, now);
    }

    /// Returns whether a peer must not be asked for a block: it was asked before, or its connection has an open request
    /// for the block.
    fn excludes(&self, hash: &BlockHash, peer: &PeerKey) -> bool {
        self.tried.get(hash).is_some_and(|tried| tried.contains(peer))
            || self.in_flight.open_of(hash).any(|asked| asked.peer.0 == peer.0)
    }

    fn is_on_its_way(&self, hash: &BlockHash) -> bool {
        self.in_flight.open_of(hash).next().is_some()
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Requests missing bodies wherever there is room.
    pub(super) fn request_bodies(&mut self) {
        let now = self.net.now.monotonic;
        let is_quiet = self.bodies.withheld.is_empty()
            && self.bodies.best_withheld_since.is_none()
            && self.bodies.lowest_due().is_none_or(|due| due > now);
        if is_quiet && !self.has_room_for_bodies() {
            return;
        }
        let size = self.bodies.expected_size();
        let window = if size <= limits::SMALL_BLOCK { limits::SMALL_BODY_WINDOW } else { limits::BODY_WINDOW };
        let best = self.chain.missing_blocks(limits::BODY_REQUESTS, window);
        let lowest = best.first().copied();
        self.bodies.note_lowest(lowest, now);
        let mut branches = vec![best];
        self.add_other_branches(&mut branches);
        let wanted: BTreeSet<_> = branches.iter().flatten().copied().collect();
        self.bodies.tried.retain(|hash, _| wanted.contains(hash));
        self.bodies.withheld.retain(|hash| wanted.contains(hash));
        self.bodies.in_flight.forget_late(|hash| wanted.contains(hash));
        if wanted.is_empty() {
            self.bodies.best_withheld_since = None;
            return;
        }
        let mut sources = self.sources();
        self.bodies.in_flight.open().for_each(|asked| sources.is_asked(asked.peer, asked.is_trial));
        sources.reserve();
        let mut starved = false;
        while let Some(missing) = self.next_branch(&mut branches) {
            let withheld = self.ask_for(&missing, &mut sources, &mut starved);
            if withheld && branches.is_empty() {
                branches.push(missing);
                self.add_other_branches(&mut branches);
                branches.remove(0);
            }
        }
        let is_withheld = lowest.is_some_and(|lowest| self.bodies.withheld.contains(&lowest));
        let since = self.bodies.best_withheld_since.unwrap_or(now);
        self.bodies.best_withheld_since = is_withheld.then_some(since);
        if starved && self.bodies.retry_at.is_none() {
            self.bodies.retry_at = Some(now + limits::BODY_TIMEOUT);
        }
        for (peer, hashes) in sources.into_requests() {
            for hashes in hashes.chunks(limits::BLOCKS_A_MESSAGE) {
                self.net.send_to(peer, &NodeMessage::GetBlocks(hashes.to_vec()));
            }
        }
    }

    /// Returns whether some connection has enough room to be worth a message.
    fn has_room_for_bodies(&self) -> bool {
        let (in_flight, size) = (&self.bodies.in_flight, self.bodies.expected_size());
        let has_room = |(connection, link): (&ConnectionId, &Link)| {
            let (room, taken) = (link.pipeline.room(size), in_flight.on(*connection));
            link.ready && (taken == 0 || taken + (room / 4).max(1) <= room)
        };
        in_flight.len() < limits::BODY_REQUESTS && self.net.links.iter().any(has_room)
    }

    /// Takes the branch that is requested next. Branches whose first block nobody sends come last.
    fn next_branch(&self, branches: &mut Vec<Vec<BlockHash>>) -> Option<Vec<BlockHash>> {
        let is_withheld =
            |missing: &Vec<BlockHash>| missing.first().is_some_and(|lowest| self.bodies.withheld.contains(lowest));
        let place = branches.iter().position(|missing| !is_withheld(missing)).unwrap_or(0);
        (place < branches.len()).then(|| branches.remove(place))
    }

    /// Adds other branches if nobody sends the first branch's lowest block. They have more work than the tip and belong
    /// to peers; the most work comes first. There is one for each lowest block, up to a bound.
    fn add_other_branches(&self, branches: &mut Vec<Vec<BlockHash>>) {
        let is_withheld = |lowest: &BlockHash| self.bodies.withheld.contains(lowest);
        if !branches.first().and_then(|best| best.first()).is_some_and(is_withheld) {
            return;
        }
        let (tree, tip, now) = (self.chain.headers(), self.chain.tip().work, self.net.now.monotonic);
        let peers = self.net.peers.iter().filter(|(_, peer)| !peer.is_muted(now));
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

    /// Requests a branch's missing blocks wherever there is room. Returns whether for the first time no peer is left to
    /// ask for the lowest one; what builds on that block can wait.
    fn ask_for(&mut self, missing: &[BlockHash], sources: &mut Sources, starved: &mut bool) -> bool {
        let now = self.net.now.monotonic;
        for (place, hash) in missing.iter().enumerate() {
            let bodies = &self.bodies;
            if bodies.is_on_its_way(hash) {
                continue;
            }
            match sources.whom(self.work_of(hash), |peer| bodies.excludes(hash, peer)) {
                Whom::These(those) => {
                    let Some(source) = self.net.choose(&those).copied() else { break };
                    self.ask_source(*hash, source, sources, now + source.patience, false);
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
        self.try_others(missing, sources);
        self.use_idle_connections(missing, sources);
        false
    }

    /// Tries unproven or slow peers beside those that deliver. Each gets one block far above the lowest, which nobody
    /// needs soon.
    fn try_others(&mut self, missing: &[BlockHash], sources: &mut Sources) {
        let now = self.net.now.monotonic;
        for hash in missing.iter().rev() {
            if self.bodies.is_on_its_way(hash) {
                return;
            }
            let bodies = &self.bodies;
            let others = sources.others(self.work_of(hash), |peer| bodies.excludes(hash, peer));
            let Some(source) = self.net.choose(&others).copied() else { return };
            let patience = sources.trial_patience().min(source.patience);
            self.ask_source(*hash, source, sources, now + patience, true);
        }
    }

    /// Requests the lowest block that is overdue elsewhere on idle connections.
    fn use_idle_connections(&mut self, missing: &[BlockHash], sources: &mut Sources) {
        let now = self.net.now.monotonic;
        for connection in sources.idle_connections() {
            let is_due_elsewhere = |hash: &&BlockHash| {
                let mut open = self.bodies.in_flight.open_of(hash).peekable();
                open.peek().is_some() && open.all(|asked| asked.due <= now && asked.peer.0 != connection)
            };
            let Some(hash) = missing.iter().find(is_due_elsewhere) else { continue };
            let bodies = &self.bodies;
            let is_excluded = |peer: &PeerKey| peer.0 != connection || bodies.excludes(hash, peer);
            let Whom::These(those) = sources.whom(self.work_of(hash), is_excluded) else { continue };
            let Some(source) = self.net.choose(&those).copied().filter(|source| source.has_delivered) else { continue };
            self.ask_source(*hash, source, sources, now + source.patience, false);
        }
    }

    fn ask_source(&mut self, hash: BlockHash, source: Source, sources: &mut Sources, due: Monotonic, is_trial: bool) {
        self.bodies.in_flight.ask(hash, Asked::new(source.key, self.net.now.monotonic, due, is_trial));
        sources.ask(source.key, hash, is_trial);
    }

    fn work_of(&self, hash: &BlockHash) -> Work {
        self.chain.headers().get(hash).map(|entry| entry.work).unwrap_or_default()
    }

    /// Records that a block arrived, with its size by formula if it is new. Updates its sender's standing and the
    /// connection's window.
    pub(super) fn body_arrived(&mut self, hash: &BlockHash, from: Option<PeerKey>, new_of_size: Option<u64>) {
        let now = self.net.now.monotonic;
        self.bodies.tried.remove(hash);
        self.bodies.withheld.remove(hash);
        let answered = self.bodies.in_flight.arrived(hash, from);
        let Some((peer, size)) = from.zip(new_of_size) else { return };
        self.bodies.sizes.note(size);
        let (Some(known), Some(link)) = (self.net.peers.get_mut(&peer), self.net.links.get_mut(&peer.0)) else {
            return;
        };
        let Some(asked) = answered else { return known.standing.volunteered_block() };
        let took = now.saturating_since(asked.at);
        known.standing.delivered_block(took, asked.is_late);
        if !asked.is_late {
            let (least, queued) = known.standing.queued_for(took);
            link.pipeline.delivered(asked.at, now, least, queued);
        }
        if asked.is_trial {
            link.pipeline.tried(now, !asked.is_late);
        }
    }

    /// Processes a peer's message that it does not have some blocks.
    pub(super) fn on_not_found(&mut self, peer: PeerKey, hashes: &[[u8; 32]]) {
        let now = self.net.now.monotonic;
        let (mut is_any, mut is_trial) = (false, false);
        for hash in hashes.iter().copied().map(BlockHash::from_bytes) {
            let Some(asked) = self.bodies.in_flight.refused(&hash, &peer) else { continue };
            self.bodies.tried.entry(hash).or_default().insert(peer);
            is_any = true;
            is_trial |= asked.is_trial;
        }
        if !is_any {
            return;
        }
        if let Some(known) = self.net.peers.get_mut(&peer) {
            known.standing.refused_block();
        }
        if let Some(link) = self.net.links.get_mut(&peer.0).filter(|_| is_trial) {
            link.pipeline.tried(now, false);
        }
        self.request_bodies();
    }

    /// Asks the peers that did not send a block again, and turns to other branches, when it is time.
    pub(super) fn bodies_timeout(&mut self) {
        let now = self.net.now.monotonic;
        let is_time_to_retry = self.bodies.retry_at.take_if(|at| *at <= now).is_some();
        if is_time_to_retry {
            self.bodies.tried.clear();
        }
        if is_time_to_retry || self.bodies.lowest_due().is_some_and(|due| due <= now) {
            self.request_bodies();
        }
    }

    /// Asks others for overdue blocks, since a stall is no misbehaviour. Returns the connections on which overdue
    /// blocks may wait behind other deliveries.
    pub(super) fn lapse_bodies(&mut self, has_moved: bool) -> BTreeSet<ConnectionId> {
        let now = self.net.now.monotonic;
        if !has_moved && self.bodies.in_flight.next_due().is_none_or(|due| due > now) {
            return BTreeSet::new();
        }
        let links = &self.net.links;
        let passed = |connection: ConnectionId| links.get(&connection).map(|link| link.barrier.passed());
        let lapsed = self.bodies.in_flight.lapse(now, passed);
        // the peers whose strikes it counts, once each, and whether all their lapsed requests were trials
        let mut culprits: BTreeMap<PeerKey, bool> = BTreeMap::new();
        for (hash, asked) in lapsed.late.iter().filter(|(_, asked)| !asked.is_doubtful) {
            self.bodies.tried.entry(*hash).or_default().insert(asked.peer);
            *culprits.entry(asked.peer).or_insert(true) &= asked.is_trial;
        }
        for (peer, is_trial) in culprits {
            if let Some(link) = self.net.links.get_mut(&peer.0).filter(|_| is_trial) {
                link.pipeline.tried(now, false);
            }
            // a peer that delivers slowly still backs its claim
            let is_slow = is_trial && self.net.peers.get(&peer).is_some_and(|known| known.standing.gave_blocks());
            if !is_slow {
                self.stalled(peer);
            }
        }
        if lapsed.is_any {
            self.request_bodies();
        }
        lapsed.unclear
    }
}

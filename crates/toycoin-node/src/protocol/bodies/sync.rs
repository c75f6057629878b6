//! The requests for blocks: what is missing, whom to ask for it, and what follows from each answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{
    BlockHash, Work,
    chain::{Chain, HeaderTree},
    store::ChainStore,
};
use toycoin_wire::node::NodeMessage;

use super::{
    in_flight::{Asked, InFlight},
    pipeline::Sizes,
    sources::{Source, Sources, Whom},
    withheld::Withheld,
};
use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        Unanswered,
        lanes::{Lane, LaneKey},
        links::Link,
        net::Net,
        peer_key::PeerKey,
    },
    relay::ConnectionId,
};

/// The state of the requests for blocks.
#[derive(Debug)]
pub(in crate::protocol) struct BodySync {
    in_flight: InFlight,
    /// The peers that were asked for each block and did not send it.
    tried: BTreeMap<BlockHash, BTreeSet<PeerKey>>,
    withheld: Withheld,
    /// When the peers that did not send a block are asked again.
    retry_at: Option<Monotonic>,
    sizes: Sizes,
    /// When a peer last sent a new block.
    last_block: Monotonic,
}

impl BodySync {
    pub(in crate::protocol) fn new(now: Monotonic) -> Self {
        Self {
            in_flight: InFlight::default(),
            tried: BTreeMap::new(),
            withheld: Withheld::default(),
            retry_at: None,
            sizes: Sizes::default(),
            last_block: now,
        }
    }

    pub(in crate::protocol) fn next_timeout(&self) -> Option<Monotonic> {
        self.in_flight.next_due().into_iter().chain(self.retry_at).chain(self.withheld.next_timeout()).min()
    }

    /// Returns the number of open requests for blocks.
    pub(in crate::protocol) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Returns whether the node is far behind, and blocks arrive.
    pub(in crate::protocol) fn is_far_behind<S: ChainStore>(&self, chain: &Chain<S>, now: Monotonic) -> bool {
        Self::behind(chain) > limits::BEHIND && now < self.catching_up_until()
    }

    /// Returns by how many headers the best known chain is higher than the tip.
    pub(in crate::protocol) fn behind<S: ChainStore>(chain: &Chain<S>) -> u64 {
        chain.headers().best().header.height.saturating_sub(chain.height())
    }

    /// Returns the end of the time in which missing blocks count as on their way. It follows the last block that
    /// arrived, unless the next one already takes too long.
    pub(in crate::protocol) fn catching_up_until(&self) -> Monotonic {
        let withheld = self.withheld.best_since();
        self.last_block.min(withheld.unwrap_or(self.last_block)) + limits::CATCHING_UP
    }

    /// Removes the requests to peers that are gone or muted.
    pub(in crate::protocol) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.in_flight.forget(gone);
    }

    /// Adjusts requests after a relay dropped deliveries.
    pub(in crate::protocol) fn doubt(&mut self, connection: ConnectionId, patience: Duration, now: Monotonic) {
        self.in_flight.doubt(connection, patience, now);
    }

    /// Requests missing bodies wherever there is room.
    pub(in crate::protocol) fn request<S: ChainStore>(&mut self, net: &mut Net, chain: &Chain<S>) {
        let now = net.now.monotonic;
        let is_quiet = self.withheld.best_since().is_none() && self.withheld.next_timeout().is_none_or(|due| due > now);
        if is_quiet && !self.has_room(net) {
            return;
        }
        let size = self.sizes.estimate();
        let window = if size <= limits::SMALL_BLOCK { limits::SMALL_BODY_WINDOW } else { limits::BODY_WINDOW };
        let best = chain.missing_blocks(limits::BODY_REQUESTS, window);
        self.withheld.note_best(best.first().copied(), now);
        let mut branches = vec![best];
        self.withheld.add_others(&mut branches, net, chain);
        let wanted: BTreeSet<_> = branches.iter().flatten().copied().collect();
        self.tried.retain(|hash, _| wanted.contains(hash) || self.withheld.remembers(hash));
        self.in_flight.forget_late(|hash| wanted.contains(hash));
        if wanted.is_empty() {
            return self.withheld.settle(now);
        }
        let mut sources = Sources::of(net, size, chain.tip().work);
        self.in_flight.open().for_each(|asked| sources.is_asked(asked.peer, asked.lane, asked.is_trial));
        sources.reserve();
        let mut starved = false;
        while let Some(missing) = self.withheld.next_branch(&mut branches) {
            let withheld = self.ask_for(&missing, &mut sources, &mut starved, net, chain.headers());
            if withheld && branches.is_empty() {
                branches.push(missing);
                self.withheld.add_others(&mut branches, net, chain);
                branches.remove(0);
            }
        }
        self.withheld.settle(now);
        if starved {
            let soon = now + limits::BODY_TIMEOUT;
            self.retry_at = Some(self.retry_at.map_or(soon, |at| at.min(soon)));
        }
        for (peer, hashes) in sources.into_requests() {
            for hashes in hashes.chunks(limits::BLOCKS_A_MESSAGE) {
                net.send_to(peer, &NodeMessage::GetBlocks(hashes.to_vec()));
            }
        }
    }

    /// Returns whether some lane has enough room to be worth a message.
    fn has_room(&self, net: &mut Net) -> bool {
        let size = self.sizes.estimate();
        let has_room = |(key, lane): (LaneKey, &mut Lane)| {
            let (room, taken) = (lane.pipeline.room(size), self.in_flight.on(key));
            taken == 0 || taken + (room / 4).max(1) <= room
        };
        self.in_flight.len() < limits::BODY_REQUESTS && net.lanes().any(has_room)
    }

    /// Requests a branch's missing blocks wherever there is room. Returns whether for the first time no peer is left to
    /// ask for the lowest one; what builds on that block can wait.
    fn ask_for(
        &mut self,
        missing: &[BlockHash],
        sources: &mut Sources,
        starved: &mut bool,
        net: &mut Net,
        tree: &HeaderTree,
    ) -> bool {
        for (place, hash) in missing.iter().enumerate() {
            if self.is_on_its_way(hash) {
                continue;
            }
            match sources.whom(work_of(hash, tree), |source| self.excludes(hash, source)) {
                Whom::These(those) => {
                    let Some(source) = net.choose(&those).copied() else { break };
                    self.ask(*hash, source, sources, source.patience, false, net.now.monotonic);
                    if place == 0 {
                        self.withheld.asked(hash);
                    }
                }
                Whom::NobodyLeft => {
                    *starved = true;
                    if place == 0 {
                        return self.withheld.asked_in_vain(hash);
                    }
                }
                Whom::NoRoom => break,
            }
        }
        self.try_others(missing, sources, net, tree);
        self.use_idle_lanes(missing, sources, net, tree);
        false
    }

    /// Tries unproven or slow peers beside those that deliver. Each gets one block far above the lowest, which nobody
    /// needs soon.
    fn try_others(&mut self, missing: &[BlockHash], sources: &mut Sources, net: &mut Net, tree: &HeaderTree) {
        for hash in missing.iter().rev() {
            if self.is_on_its_way(hash) {
                return;
            }
            let others = sources.others(work_of(hash, tree), |source| self.excludes(hash, source));
            let Some(source) = net.choose(&others).copied() else { return };
            let patience = sources.trial_patience().min(source.patience);
            self.ask(*hash, source, sources, patience, true, net.now.monotonic);
        }
    }

    /// Requests the lowest block that is overdue elsewhere on idle lanes.
    fn use_idle_lanes(&mut self, missing: &[BlockHash], sources: &mut Sources, net: &mut Net, tree: &HeaderTree) {
        let now = net.now.monotonic;
        for lane in sources.idle_lanes() {
            let is_due_elsewhere = |hash: &&BlockHash| {
                let mut open = self.in_flight.open_of(hash).peekable();
                open.peek().is_some() && open.all(|asked| asked.due <= now && asked.lane != lane)
            };
            let Some(hash) = missing.iter().find(is_due_elsewhere) else { continue };
            let Whom::These(those) = sources.whom_on(lane, work_of(hash, tree), |source| self.excludes(hash, source))
            else {
                continue;
            };
            let Some(source) = net.choose(&those).copied().filter(|source| source.has_delivered) else { continue };
            self.ask(*hash, source, sources, source.patience, false, now);
        }
    }

    /// Asks one peer for a block, since it says that it has it, unless the peer was asked already.
    pub(in crate::protocol) fn ask_of(&mut self, peer: PeerKey, hash: BlockHash, net: &mut Net) {
        if self.expect_of(peer, hash, net) {
            net.send_to(peer, &NodeMessage::GetBlocks(vec![hash]));
        }
    }

    /// Expects a block of a peer that is about to be asked for it, or for what is missing of it. Returns false if its
    /// lane has an open request for the block already.
    pub(in crate::protocol) fn expect_of(&mut self, peer: PeerKey, hash: BlockHash, net: &Net) -> bool {
        let now = net.now.monotonic;
        let Some(link) = net.links.get(&peer.0) else { return false };
        let (lane, newcomers) = (link.lane_key(peer), link.patience_with_newcomers());
        if self.in_flight.open_of(&hash).any(|asked| asked.lane == lane) {
            return false;
        }
        let Some(known) = net.peers.get(&peer) else { return false };
        let due = now + known.standing.patience_for_blocks(newcomers);
        self.in_flight.ask(hash, Asked::new(peer, lane, now, due, false));
        true
    }

    /// Expects a block of a peer no longer, since its answer led to nothing. That is nobody's fault.
    pub(in crate::protocol) fn expect_no_more(&mut self, peer: &PeerKey, hash: &BlockHash) {
        self.in_flight.refused(hash, peer);
    }

    fn ask(
        &mut self,
        hash: BlockHash,
        source: Source,
        sources: &mut Sources,
        patience: Duration,
        is_trial: bool,
        now: Monotonic,
    ) {
        self.in_flight.ask(hash, Asked::new(source.key, source.lane, now, now + patience, is_trial));
        sources.ask(&source, hash, is_trial);
    }

    /// Records that a peer did not send a block. It may be asked again later, even if others are left to ask: new ids may
    /// come for ever, and this peer may have been slow.
    fn failed(&mut self, hash: BlockHash, peer: PeerKey, now: Monotonic) {
        self.tried.entry(hash).or_default().insert(peer);
        self.retry_at.get_or_insert(now + limits::TRIED_MEMORY);
    }

    /// Returns whether a peer must not be asked for a block: it was asked before, or its lane has an open request for
    /// the block.
    fn excludes(&self, hash: &BlockHash, source: &Source) -> bool {
        self.tried.get(hash).is_some_and(|tried| tried.contains(&source.key))
            || self.in_flight.open_of(hash).any(|asked| asked.lane == source.lane)
    }

    fn is_on_its_way(&self, hash: &BlockHash) -> bool {
        self.in_flight.open_of(hash).next().is_some()
    }

    /// Records that a block arrived, with its size by formula if it is new. Updates its sender's standing and the
    /// connection's window.
    pub(in crate::protocol) fn arrived(
        &mut self,
        hash: &BlockHash,
        from: Option<PeerKey>,
        new_of_size: Option<u64>,
        net: &mut Net,
    ) {
        let now = net.now.monotonic;
        self.tried.remove(hash);
        self.withheld.arrived(hash);
        let answered = self.in_flight.arrived(hash, from);
        let Some((peer, size)) = from.zip(new_of_size) else { return };
        self.sizes.note(size);
        self.last_block = now;
        let Net { peers, links, .. } = net;
        let lane = links.get_mut(&peer.0).and_then(|link| link.lane_of(peer.1));
        let Some((known, lane)) = peers.get_mut(&peer).zip(lane) else { return };
        let Some(asked) = answered else { return known.standing.volunteered_block() };
        let took = now.saturating_since(asked.at);
        known.standing.delivered_block(took, asked.is_late);
        if !asked.is_late {
            let (least, queued) = known.standing.queued_for(took);
            lane.pipeline.delivered(asked.at, now, least, queued);
        }
        if asked.is_trial {
            lane.pipeline.tried(now, !asked.is_late);
        }
    }

    /// Processes a peer's message that it does not have some blocks.
    pub(in crate::protocol) fn on_not_found<S: ChainStore>(
        &mut self,
        peer: PeerKey,
        hashes: &[[u8; 32]],
        net: &mut Net,
        chain: &Chain<S>,
    ) {
        let (mut is_any, mut is_trial) = (false, false);
        for hash in hashes.iter().copied().map(BlockHash::from_bytes) {
            let Some(asked) = self.in_flight.refused(&hash, &peer) else { continue };
            self.failed(hash, peer, net.now.monotonic);
            is_any = true;
            is_trial |= asked.is_trial;
        }
        if !is_any {
            return;
        }
        if let Some(known) = net.peers.get_mut(&peer) {
            known.standing.refused_block();
        }
        let now = net.now.monotonic;
        if let Some(lane) = net.lane_of(&peer).filter(|_| is_trial) {
            lane.pipeline.tried(now, false);
        }
        self.request(net, chain);
    }

    /// Processes that a peer does not send some blocks that it was asked for in one question.
    pub(in crate::protocol) fn on_unanswered<S: ChainStore>(
        &mut self,
        peer: PeerKey,
        hashes: &[BlockHash],
        why: Unanswered,
        net: &mut Net,
        chain: &Chain<S>,
    ) {
        let now = net.now.monotonic;
        if why == Unanswered::TimedOut {
            return self.in_flight.timed_out(hashes, &peer, now);
        }
        let refused = |hash: &BlockHash| Some((*hash, self.in_flight.refused(hash, &peer)?));
        let missing: Vec<_> = hashes.iter().filter_map(refused).collect();
        if missing.iter().all(|(_, asked)| asked.is_late) {
            return;
        }
        // what does not fit into an answer is left out, and its peer may be asked for it at once
        if missing.len() == hashes.len() {
            missing.iter().for_each(|(hash, _)| self.failed(*hash, peer, now));
            net.not_now(peer);
        }
        let is_trial = missing.iter().any(|(_, asked)| asked.is_trial && !asked.is_late);
        if let Some(lane) = net.lane_of(&peer).filter(|_| is_trial) {
            lane.pipeline.tried(now, false);
        }
        self.request(net, chain);
    }

    /// Asks the peers that did not send a block again, and turns to other branches, when it is time.
    pub(in crate::protocol) fn handle_timeout<S: ChainStore>(&mut self, net: &mut Net, chain: &Chain<S>) {
        let now = net.now.monotonic;
        let is_time_to_retry = self.retry_at.take_if(|at| *at <= now).is_some();
        if is_time_to_retry {
            self.tried.clear();
        }
        if is_time_to_retry || self.withheld.next_timeout().is_some_and(|due| due <= now) {
            self.request(net, chain);
        }
    }

    /// Asks others for overdue blocks, since a stall is no misbehaviour. Returns the connections on which overdue
    /// blocks may wait behind other deliveries.
    pub(in crate::protocol) fn lapse<S: ChainStore>(
        &mut self,
        has_moved: bool,
        net: &mut Net,
        chain: &Chain<S>,
    ) -> BTreeSet<ConnectionId> {
        let now = net.now.monotonic;
        if !has_moved && self.in_flight.next_due().is_none_or(|due| due > now) {
            return BTreeSet::new();
        }
        let links = &net.links;
        let passed = |connection: ConnectionId| links.get(&connection).and_then(Link::passed);
        let lapsed = self.in_flight.lapse(now, passed);
        // the peers whose strikes it counts, once each, and whether all their lapsed requests were trials
        let mut culprits: BTreeMap<PeerKey, bool> = BTreeMap::new();
        for (hash, asked) in lapsed.late.iter().filter(|(_, asked)| !asked.is_doubtful) {
            self.failed(*hash, asked.peer, now);
            *culprits.entry(asked.peer).or_insert(true) &= asked.is_trial;
        }
        for (peer, is_trial) in culprits {
            if let Some(lane) = net.lane_of(&peer).filter(|_| is_trial) {
                lane.pipeline.tried(now, false);
            }
            // a peer that delivers slowly still backs its claim
            let is_slow = is_trial && net.peers.get(&peer).is_some_and(|known| known.standing.gave_blocks());
            if !is_slow {
                net.stalled(peer);
            }
        }
        if lapsed.is_any {
            self.request(net, chain);
        }
        lapsed.unclear
    }
}

fn work_of(hash: &BlockHash, tree: &HeaderTree) -> Work {
    tree.get(hash).map(|entry| entry.work).unwrap_or_default()
}

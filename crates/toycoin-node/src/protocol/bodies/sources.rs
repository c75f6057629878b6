//! The choice of peers for a block: proven peers first, among them the one with the fewest requests, within the limits
//! of its lane.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{BlockHash, Work};
use toycoin_wire::NodeId;

use crate::{
    limits,
    protocol::{lanes::LaneKey, net::Net, peer_key::PeerKey, peers::Peer, standing::Trust},
};

/// A peer that may be asked for blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) key: PeerKey,
    /// The lane on which it is reached.
    pub(super) lane: LaneKey,
    /// How long it may take before others are asked too.
    pub(super) patience: Duration,
    pub(super) has_delivered: bool,
    /// Whether its lane's backoff for trials of newcomers is over.
    may_try: bool,
    /// Work of a chain whose blocks it should have.
    work: Work,
    rank: Rank,
    refusals: u32,
    /// Most blocks that may be requested from it at a time.
    most: usize,
}

/// The order in which peers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It delivers blocks about as fast as the best peer.
    Fast,
    /// It delivers blocks slowly.
    Slow,
    /// Any other peer, by its standing.
    Other(Trust),
}

/// The possible sources, their loads, and the new requests.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sources: Vec<Source>,
    lanes: BTreeMap<LaneKey, Load>,
    peers: BTreeMap<PeerKey, usize>,
    requests: BTreeMap<PeerKey, Vec<BlockHash>>,
    in_flight: usize,
    /// Typical time of a block from the fastest peer.
    fastest: Option<Duration>,
}

#[derive(Debug, Default)]
struct Load {
    /// Most blocks that may be outstanding on the lane.
    most: usize,
    in_flight: usize,
    trials: usize,
    /// Blocks of that number that are reserved for trials.
    reserved: usize,
}

/// The peers to ask for a block.
pub(super) enum Whom {
    /// Any of these peers.
    These(Vec<Source>),
    /// Every peer that should have the block was asked already, or there is no such peer.
    NobodyLeft,
    /// The peers that should have the block are busy.
    NoRoom,
}

impl Sources {
    /// Returns the connections with their room for blocks of about `size` bytes, and the peers that may be asked because
    /// they should have a chain with more work than our tip.
    pub(super) fn of(net: &Net, size: u64, tip: Work) -> Self {
        let now = net.now.monotonic;
        let ready = net.links.iter().filter(|(_, link)| link.ready);
        let load = |room| Load { most: room, ..Load::default() };
        let lanes = ready.flat_map(|(at, link)| {
            let key = |to: &Option<NodeId>| LaneKey { connection: *at, to: *to };
            link.lanes.iter().map(move |(to, lane)| (key(to), load(lane.pipeline.room(size))))
        });
        let mut sources = Self { lanes: lanes.collect(), ..Self::default() };
        let lane_of = |key: &PeerKey| net.links.get(&key.0).map(|link| link.lane_key(*key));
        let is_able = |(key, peer): &(&PeerKey, &Peer)| {
            lane_of(key).is_some_and(|lane| sources.lanes.contains_key(&lane))
                && peer.most_work() > tip
                && !peer.is_muted(now)
                && !peer.standing.rests(now)
        };
        let able: Vec<_> = net.peers.iter().filter(is_able).collect();
        let delivering = able.iter().filter(|(_, peer)| peer.standing.trust() == Trust::Blocks);
        sources.fastest = delivering.map(|(_, peer)| peer.standing.blocks_take().unwrap_or_default()).min();
        let slow = sources.fastest.unwrap_or_default() * limits::SLOW_FACTOR + limits::SLOW_MARGIN;
        let small = usize::try_from(limits::BYTES_A_PEER / size.max(1)).unwrap_or(usize::MAX);
        for (key, peer) in able {
            let Some(link) = net.links.get(&key.0) else { continue };
            let name = link.lane_key(*key);
            let Some(lane) = link.lanes.get(&name.to) else { continue };
            let standing = &peer.standing;
            let (rank, most) = match standing.trust() {
                Trust::Blocks if standing.blocks_take().unwrap_or_default() <= slow => {
                    (Rank::Fast, small.max(limits::BLOCKS_A_PEER))
                }
                Trust::Blocks => (Rank::Slow, 1),
                Trust::Headers => (Rank::Other(Trust::Headers), limits::FIRST_BLOCKS_A_CONNECTION),
                trust => (Rank::Other(trust), 1),
            };
            sources.sources.push(Source {
                key: *key,
                lane: name,
                patience: standing.patience_for_blocks(link.patience_with_newcomers()),
                has_delivered: standing.has_delivered(),
                may_try: lane.pipeline.may_try(now),
                work: peer.most_work(),
                rank,
                refusals: standing.refusals(),
                most,
            });
        }
        sources
    }

    /// Records an outstanding request.
    pub(super) fn is_asked(&mut self, peer: PeerKey, lane: LaneKey, is_trial: bool) {
        let load = self.lanes.entry(lane).or_default();
        load.in_flight += 1;
        load.trials += usize::from(is_trial);
        *self.peers.entry(peer).or_default() += 1;
        self.in_flight += 1;
    }

    /// Records a new request to a peer.
    pub(super) fn ask(&mut self, source: &Source, hash: BlockHash, is_trial: bool) {
        self.is_asked(source.key, source.lane, is_trial);
        self.requests.entry(source.key).or_default().push(hash);
    }

    /// Reserves some room for trials, on lanes that have much of it.
    pub(super) fn reserve(&mut self) {
        if self.fastest.is_none() {
            return;
        }
        let to_try = self.sources.iter().filter(|source| source.may_try && source.rank != Rank::Fast);
        let lanes: BTreeSet<_> = to_try.map(|source| source.lane).collect();
        for lane in lanes {
            let Some(load) = self.lanes.get_mut(&lane) else { continue };
            load.reserved = limits::TRIALS.saturating_sub(load.trials).min(load.most / 3);
        }
    }

    /// Returns the peers to ask for a block of a chain with this much work.
    pub(super) fn whom(&self, work: Work, is_excluded: impl Fn(&Source) -> bool) -> Whom {
        let able = || self.sources.iter().filter(|source| source.work >= work && !is_excluded(source));
        let Some(first) = able().map(|source| source.rank).min() else { return Whom::NobodyLeft };
        // beside fast peers, others are only tried
        let free = able().filter(|source| first != Rank::Fast || source.rank == Rank::Fast);
        let free: Vec<_> = free.filter(|source| self.has_room(source)).collect();
        let place = |source: &Source| (self.load(&source.key), source.rank, source.refusals);
        let Some(best) = free.iter().map(|source| place(source)).min() else { return Whom::NoRoom };
        Whom::These(free.into_iter().filter(|source| place(source) == best).copied().collect())
    }

    /// Returns the peers to ask for such a block that are reached on one lane.
    pub(super) fn whom_on(&self, lane: LaneKey, work: Work, is_excluded: impl Fn(&Source) -> bool) -> Whom {
        self.whom(work, |source| source.lane != lane || is_excluded(source))
    }

    /// Returns the peers that may be tried with a block, if other peers deliver.
    pub(super) fn others(&self, work: Work, is_excluded: impl Fn(&Source) -> bool) -> Vec<Source> {
        if self.fastest.is_none() {
            return Vec::new();
        }
        let is_free = |source: &&Source| {
            let trials = self.lanes.get(&source.lane).map_or(0, |load| load.trials);
            source.may_try && source.rank != Rank::Fast && trials < limits::TRIALS && self.has_room(source)
        };
        let able = self.sources.iter().filter(|source| source.work >= work && !is_excluded(source));
        able.filter(is_free).copied().collect()
    }

    /// Returns how long a trial may take: not much longer than a block of the fastest peer.
    pub(super) fn trial_patience(&self) -> Duration {
        (self.fastest.unwrap_or_default() * 2).clamp(limits::TRIAL_PATIENCE, limits::NEWCOMER_PATIENCE)
    }

    /// Returns the lanes without outstanding requests.
    pub(super) fn idle_lanes(&self) -> Vec<LaneKey> {
        self.lanes.iter().filter(|(_, load)| load.in_flight == 0 && load.most > 0).map(|(at, _)| *at).collect()
    }

    /// Returns the new requests of each peer.
    pub(super) fn into_requests(self) -> BTreeMap<PeerKey, Vec<BlockHash>> {
        self.requests
    }

    fn load(&self, peer: &PeerKey) -> usize {
        self.peers.get(peer).copied().unwrap_or(0)
    }

    fn has_room(&self, source: &Source) -> bool {
        let Some(load) = self.lanes.get(&source.lane) else { return false };
        let reserved = if source.rank == Rank::Fast { load.reserved } else { 0 };
        self.in_flight < limits::BODY_REQUESTS
            && self.load(&source.key) < source.most
            && load.in_flight + reserved < load.most
    }
}

//! The chunks of one snapshot: which are missing, who was asked, and whether they are right.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::snapshot::{Collector, Convicts, SnapshotError};
use toycoin_wire::{
    NodeMessage,
    node::{Chunk, GetChunk},
};

use super::io::Output;
use crate::{
    limits,
    machine::{Server, kind::Kind, net::Net},
};

/// A download of chunks.
#[derive(Debug)]
pub(super) struct Download {
    collector: Collector,
    /// The chunks that nobody was asked for.
    missing: BTreeSet<u32>,
    in_flight: BTreeMap<Server, BTreeSet<u32>>,
    /// The servers that did not answer in time. They are asked for one chunk at a time.
    slow: BTreeSet<Server>,
}

/// What a chunk is that came.
#[derive(Debug)]
pub(super) enum Arrived {
    /// Nobody asked this server for it.
    Unasked,
    /// It is wrong, and its sender is muted.
    Wrong,
    /// It is right, and to be written.
    Right(Output),
    /// It is what the manifest says, so the manifest is false.
    False(SnapshotError),
}

impl Download {
    pub(super) fn new(collector: Collector) -> Self {
        let chunks = u32::try_from(collector.manifest().chunks.len()).unwrap_or(u32::MAX);
        Self { collector, missing: (0..chunks).collect(), in_flight: BTreeMap::new(), slow: BTreeSet::new() }
    }

    /// Returns the collector once all chunks were accepted.
    pub(super) fn complete(&self) -> Option<&Collector> {
        Some(&self.collector).filter(|collector| collector.is_complete())
    }

    /// Returns how many chunks were accepted, and how many there are.
    pub(super) fn progress(&self) -> (usize, usize) {
        (self.collector.accepted(), self.collector.manifest().chunks.len())
    }

    /// Asks the servers for chunks, one after the other, until each has enough to do.
    pub(super) fn act(&mut self, net: &mut Net, servers: &[Server]) {
        let gone =
            |net: &Net, server: &Server| !servers.contains(server) || !net.servers.is_asked(server, Kind::Chunks);
        let lost: Vec<_> = self.in_flight.keys().filter(|server| gone(net, server)).copied().collect();
        for server in lost {
            self.give_back(&server);
        }
        self.slow.retain(|server| servers.contains(server));
        let now = net.now.monotonic;
        let is_rested = |server: &&Server| net.servers.is_rested(server, Kind::Chunks, now);
        let mut rested: Vec<_> = servers.iter().filter(is_rested).copied().collect();
        while !rested.is_empty() {
            rested.retain(|server| {
                let places = self.in_flight.get(server).map_or(0, BTreeSet::len);
                // chunks that share a slow line are all late, and then none of them ever comes
                let most = if self.slow.contains(server) { 1 } else { limits::CHUNKS_IN_FLIGHT };
                if places >= most {
                    return false;
                }
                let Some(place) = self.missing.pop_first() else { return false };
                self.in_flight.entry(*server).or_default().insert(place);
                let request = GetChunk { snapshot: self.collector.id(), place };
                net.ask(*server, Kind::Chunks, &NodeMessage::GetChunk(request));
                true
            });
        }
    }

    /// Handles a chunk.
    pub(super) fn on_chunk(&mut self, net: &mut Net, server: Server, chunk: Chunk) -> Arrived {
        let Chunk { snapshot, place, coins } = chunk;
        let asked = self.in_flight.get_mut(&server).filter(|_| snapshot == self.collector.id());
        let Some(asked) = asked else { return Arrived::Unasked };
        if !asked.remove(&place) {
            return Arrived::Unasked;
        }
        let is_last = asked.is_empty();
        if is_last {
            self.in_flight.remove(&server);
        }
        match self.collector.accept(place, &coins) {
            Ok(()) => {
                net.servers.answered(&server, Kind::Chunks);
                if !is_last {
                    // the others have their time from now on
                    net.servers.ask(&server, Kind::Chunks, net.now.monotonic);
                }
                Arrived::Right(Output::WriteChunk { place, coins })
            }
            Err(error) if error.convicts() == Convicts::ChunkSender => {
                self.missing.insert(place);
                self.give_back(&server);
                net.mute(server, format!("a snapshot's chunk is wrong: {error}"));
                Arrived::Wrong
            }
            Err(error) => Arrived::False(error),
        }
    }

    /// Handles that a server does not have the snapshot any more. Returns whether it was asked for a chunk.
    pub(super) fn on_not_found(&mut self, net: &mut Net, server: &Server, hashes: &[[u8; 32]]) -> bool {
        let is_asked = hashes.contains(&self.collector.id()) && self.in_flight.contains_key(server);
        if is_asked {
            self.give_back(server);
            net.servers.answered(server, Kind::Chunks);
        }
        is_asked
    }

    /// Handles that a server is silent or gone: others are asked for its chunks.
    pub(super) fn on_failed(&mut self, server: &Server) {
        self.give_back(server);
        self.slow.insert(*server);
    }

    fn give_back(&mut self, server: &Server) {
        self.missing.extend(self.in_flight.remove(server).into_iter().flatten());
    }

    /// Ends the download: nothing that was asked is waited for.
    pub(super) fn cancel(&mut self, net: &mut Net) {
        for server in std::mem::take(&mut self.in_flight).into_keys() {
            net.servers.answered(&server, Kind::Chunks);
        }
    }
}

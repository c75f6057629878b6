//! What all parts of the machine share: the time, randomness, the servers, and what goes out.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::{ChainParams, Work};
use toycoin_wire::{NodeMessage, machine::Now, node::Status};

use super::{
    io::{Event, Output, Server},
    kind::Kind,
    known::Claim,
    servers::Servers,
};
use crate::limits;

/// What all parts of the machine share.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) params: ChainParams,
    pub(super) now: Now,
    pub(super) servers: Servers,
    pub(super) connections: BTreeSet<u64>,
    pub(super) outputs: VecDeque<Output>,
    /// Who was muted since the parts were told.
    pub(super) muted: Vec<Server>,
    random: ChaCha8Rng,
}

impl Net {
    pub(super) fn new(params: ChainParams, seed: [u8; 32]) -> Self {
        Self {
            params,
            now: Now::default(),
            servers: Servers::default(),
            connections: BTreeSet::new(),
            outputs: VecDeque::new(),
            muted: Vec::new(),
            random: ChaCha8Rng::from_seed(seed),
        }
    }

    /// Draws a number.
    pub(super) fn draw(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// Draws a seed for a proof.
    pub(super) fn draw_seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        seed
    }

    /// Draws servers, at most this many.
    pub(super) fn draw_servers(&mut self, most: usize) -> Vec<Server> {
        let mut servers: Vec<_> = self.servers.iter().map(|(server, _)| *server).collect();
        if servers.len() <= most {
            return servers;
        }
        let drawn = (0..most).filter_map(|_| {
            let place = self.draw().checked_rem(servers.len() as u64)?;
            Some(servers.swap_remove(usize::try_from(place).ok()?))
        });
        drawn.collect()
    }

    /// Asks a server, and waits for its answer.
    pub(super) fn ask(&mut self, server: Server, kind: Kind, message: &NodeMessage) {
        if let Some(payload) = encode(message) {
            self.servers.ask(&server, kind, self.now.monotonic);
            self.outputs.push_back(Output::Ask { server, payload });
        }
    }

    /// Says something to one server that it need not answer.
    pub(super) fn say(&mut self, server: Server, message: &NodeMessage) {
        self.outputs.extend(encode(message).map(|payload| Output::Ask { server, payload }));
    }

    /// Says something to all on a connection.
    pub(super) fn tell(&mut self, connection: u64, message: &NodeMessage) {
        self.outputs.extend(encode(message).map(|payload| Output::Tell { connection, payload }));
    }

    /// Returns our status, which claims nothing: who has no chain owes nobody headers.
    pub(super) fn status(&self) -> NodeMessage {
        let genesis = self.params.genesis_hash();
        let bits = self.params.genesis().header.bits;
        let work = bits.to_target().map(|target| target.work()).unwrap_or_default();
        NodeMessage::Status(Status {
            genesis,
            tip: genesis,
            height: 0,
            work: work.to_be_bytes(),
            time: self.now.unix_ms,
        })
    }

    /// Notes what a server claims to have.
    pub(super) fn on_status(&mut self, server: Server, status: &Status) {
        if status.genesis != self.params.genesis_hash() {
            return;
        }
        let claim = Claim { tip: status.tip, height: status.height, work: Work::from_be_bytes(status.work) };
        if let Some(known) = self.servers.get_mut(&server) {
            known.claim = Some(claim);
        }
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Emit(event));
    }

    /// Mutes a server that sent something false.
    pub(super) fn mute(&mut self, server: Server, reason: String) {
        self.servers.mute(server, self.now.monotonic);
        self.muted.push(server);
        self.outputs.push_back(Output::Mute { server, time: limits::MUTE, reason: reason.clone() });
        self.emit(Event::Muted { server, reason });
    }

    /// Picks a server that is free for a question of a kind, by a drawn number: one of those that failed least often,
    /// of these one that was of use, and of these none of `avoid`, if there is one. `is_fit` says who could answer it.
    ///
    /// So a server that answers is not left for those that do not, however many they are.
    pub(super) fn pick(
        &mut self,
        kind: Kind,
        avoid: &BTreeSet<Server>,
        is_fit: impl Fn(&Server) -> bool,
    ) -> Option<Server> {
        let draw = self.draw();
        let free = self.servers.free(kind, self.now.monotonic).filter(|(server, _)| is_fit(server));
        let ranked: Vec<_> =
            free.map(|(server, known)| ((known.failures(kind), avoid.contains(server)), *server)).collect();
        let (best, _) = ranked.iter().min()?;
        let choice: Vec<_> = ranked.iter().filter(|(rank, _)| rank == best).map(|(_, server)| *server).collect();
        let place = draw.checked_rem(choice.len() as u64)?;
        choice.get(usize::try_from(place).ok()?).copied()
    }
}

/// Encodes a message. What the machine says is within every cap.
fn encode(message: &NodeMessage) -> Option<Bytes> {
    let payload = message.encode();
    debug_assert!(payload.is_ok(), "{payload:?}");
    payload.ok().map(Bytes::from)
}

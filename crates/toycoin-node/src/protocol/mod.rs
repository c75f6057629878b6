//! The node as a machine: relay connections, peers, the chain, the mempool, mining, and the embedder's requests.
//!
//! ```text
//!   Received ─▶ links (RelayClient) ─▶ payloads ─┬─ STAT HDRS ─▶ headers ─┐
//!                                                ├─ BLOC NOTF ─▶ bodies, blocks ─▶ Chain ─▶ events, waits,
//!                                                ├─ TXN  ──────▶ transactions ─▶ Mempool      announcements
//!                                                └─ GHDR GBLK GTXN ─▶ serve                        │
//!   Request ─▶ requests          Mined ─▶ mining ◀──────────────── templates ◀─────────────────────┘
//! ```
//!
//! Everything from outside is bounded. [`limits`] bounds the tables. Each call judges at most one block, and the
//! remaining work follows as an immediate timeout. A peer's misbehaviour costs that peer, never the node.

mod announce;
mod arrivals;
mod backlog;
mod barrier;
mod blocks;
mod bodies;
mod budget;
mod claims;
mod clock;
mod clock_warning;
mod config;
#[cfg(feature = "test-util")]
mod counts;
mod drops;
mod durability;
mod fair_queue;
mod following;
mod headers;
mod held;
mod in_flight;
mod io;
mod kept_bodies;
mod lag;
mod links;
mod mining;
mod mutes;
mod net;
mod pause;
mod peers;
mod pipeline;
mod questions;
mod requests;
mod retelling;
mod serve;
mod sources;
mod standing;
mod taking_up;
mod transactions;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::{ChainParams, chain::Chain, store::ChainStore};
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Payload},
    printable,
};

#[cfg(feature = "test-util")]
pub use self::counts::Counts;
use self::{
    arrivals::Arrivals,
    blocks::{Gathering, WaitingBlocks},
    bodies::BodySync,
    clock::ClockWatch,
    drops::Drops,
    following::Following,
    headers::HeaderSync,
    kept_bodies::KeptBodies,
    links::Link,
    mining::Mining,
    net::Net,
    peers::PeerKey,
    questions::Question,
    requests::Waits,
    transactions::OwnPayments,
};
pub use self::{
    claims::{Claims, PeerClaim},
    clock_warning::{ClockCause, ClockSuspect, ClockWarning},
    config::NodeConfig,
    io::*,
};
use crate::{
    client::{ClientEvent, RelayClient},
    limits,
    machine::{Machine, Monotonic, Now},
    mempool::{Mempool, MempoolConfig},
    relay::ConnectionId,
};

/// A full node without I/O; see the [module](self).
#[derive(Debug)]
pub struct NodeMachine<S> {
    net: Net,
    chain: Chain<S>,
    mempool: Mempool,
    headers: HeaderSync,
    bodies: BodySync,
    waiting: WaitingBlocks,
    arrivals: Arrivals,
    own_payments: OwnPayments,
    waits: Waits,
    drops: Drops,
    mining: Mining,
    /// Whether the chain may have more to do.
    busy: bool,
    /// The last move of the tip, until it has been followed.
    following: Option<Following>,
    /// Bodies that wait for others before they are connected.
    gathering: Option<Gathering>,
    /// When a peer last sent a new block.
    last_block: Monotonic,
    clock: ClockWatch,
    /// When the store began to hold changes back.
    unsynced_since: Option<Monotonic>,
    next_sweep: Monotonic,
    /// Bodies that were read for peers recently.
    kept_bodies: KeptBodies,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Returns a node on top of a chain.
    pub fn new(chain: Chain<S>, mut config: NodeConfig, now: Now) -> Self {
        let mut rng = ChaCha8Rng::from_seed(config.seed);
        mark(&mut config.extra, rng.next_u32());
        let mempool_config = MempoolConfig { min_fee_rate: config.min_fee_rate, max_bytes: config.mempool_bytes };
        let mining = Mining::new(config.payout.is_some(), now.monotonic + limits::JOIN_GRACE);
        let mut machine = Self {
            mempool: Mempool::new(chain.params().clone(), mempool_config),
            net: Net::new(config, rng, now),
            chain,
            headers: HeaderSync::default(),
            bodies: BodySync::default(),
            waiting: WaitingBlocks::default(),
            arrivals: Arrivals::default(),
            own_payments: OwnPayments::default(),
            waits: Waits::default(),
            drops: Drops::default(),
            mining,
            // a store may hold bodies that were never connected
            busy: true,
            following: None,
            gathering: None,
            last_block: now.monotonic,
            clock: ClockWatch::default(),
            unsynced_since: None,
            next_sweep: now.monotonic + limits::SWEEP_INTERVAL,
            kept_bodies: KeptBodies::default(),
        };
        machine.take_up_waiting();
        machine
    }

    /// Returns the chain.
    pub const fn chain(&self) -> &Chain<S> {
        &self.chain
    }

    /// Returns the mempool.
    pub const fn mempool(&self) -> &Mempool {
        &self.mempool
    }

    /// Returns the number of answers that peers did not get, because they asked for more than the rate limits allow.
    pub const fn overloads(&self) -> u64 {
        self.net.overloads
    }

    /// Returns the number of messages that were not sent, because too many bytes waited on their connection.
    pub const fn unsent(&self) -> u64 {
        self.net.unsent
    }

    /// Returns whether arrived bodies wait for others before they are connected. This happens during initial block
    /// download (IBD), for at most [`GATHER_TIME`](limits::GATHER_TIME).
    pub const fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }

    /// Returns the chain with its store.
    pub fn into_chain(self) -> Chain<S> {
        self.chain
    }

    fn on_connected(&mut self, connection: ConnectionId, relay: usize, node_id: NodeId) {
        let channels = vec![self.net.config.channel.clone()];
        match RelayClient::new(self.net.now, node_id, &self.net.config.agent, channels) {
            Ok(client) => {
                self.net.links.insert(connection, Link::new(relay, client, self.net.now.monotonic));
            }
            Err(error) => self.net.outputs.push_back(Output::Close { connection, reason: error.to_string() }),
        }
    }

    fn on_disconnected(&mut self, connection: ConnectionId) {
        let Some(link) = self.net.links.remove(&connection) else { return };
        if link.ready {
            self.net.emit(Event::RelayDisconnected { relay: link.relay });
        }
        self.arrivals.remove_connection(connection);
        for id in self.net.peers.remove_connection(connection) {
            self.net.emit(Event::PeerDisconnected { id });
        }
        self.headers.forget_connection(connection);
        self.forget(|(at, _)| *at == connection);
    }

    /// Passes received bytes to a connection's client, and handles its events as they are found, without a copy.
    fn on_received(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let Some(mut link) = self.net.links.remove(&connection) else { return };
        let now = self.net.now;
        let (relay, channel) = (link.relay, self.net.config.channel.clone());
        let mut became_ready = false;
        let mut inbox = Vec::new();
        let (peers, barrier) = (&self.net.peers, &mut link.barrier);
        let result = link.client.handle_bytes(now, bytes, &mut |event| match event {
            ClientEvent::Ready => became_ready = true,
            // a muted peer's messages are not even decoded
            ClientEvent::Delivered { channel: on, from, payload }
                if on == channel.borrowed() && !peers.is_muted(&(connection, from), now.monotonic) =>
            {
                inbox.push(Inbox::Payload(from, NodeMessage::decode(payload)));
            }
            ClientEvent::Lagged { count } => inbox.push(Inbox::Lagged(count)),
            ClientEvent::Ponged { nonce } => barrier.answered(nonce),
            // another channel, a muted peer, or an event of a later version of the client
            _ => {}
        });
        if became_ready {
            link.welcomed(now.monotonic);
        }
        self.net.links.insert(connection, link);
        if became_ready {
            self.net.emit(Event::RelayConnected { relay });
            self.tell_status(connection);
            self.own_payments.queue_all(&mut self.net, &self.mempool, connection);
        }
        for message in inbox {
            match message {
                Inbox::Payload(from, payload) => self.on_payload((connection, from), payload),
                Inbox::Lagged(count) => self.on_lagged(connection, count),
            }
        }
        if let Err(error) = result {
            self.close(connection, error.to_string());
        }
    }

    fn on_payload(&mut self, peer: PeerKey, payload: Result<Payload, toycoin_wire::node::PayloadError>) {
        // an earlier message in the same bytes may have muted the peer
        if self.net.peers.is_muted(&peer, self.net.now.monotonic) {
            return;
        }
        let (_, new, gone) = self.net.peers.heard(peer, self.net.now.monotonic);
        if let Some(gone) = gone {
            self.forget(|key| *key == gone);
            self.net.emit(Event::PeerDisconnected { id: gone.1 });
        }
        if new {
            self.net.emit(Event::PeerConnected { id: peer.1 });
        }
        let message = match payload {
            Ok(Payload::Message(message)) => message,
            // a message of another version or another program, which is not misbehaviour
            Ok(_) => return,
            Err(error) if error.is_misbehaviour() => {
                return self.mute(peer, MuteReason::Undecodable(error.to_string()));
            }
            Err(_) => return,
        };
        match message {
            NodeMessage::Status(status) => self.on_status(peer, &status),
            NodeMessage::Transaction(transaction) => self.on_transaction(peer, transaction),
            NodeMessage::Block(block) => self.on_block(peer, block),
            NodeMessage::GetHeaders(request) => self.on_question(peer, &Question::Headers(&request)),
            NodeMessage::Headers(headers) => self.on_headers(peer, &headers),
            NodeMessage::GetBlocks(hashes) => self.on_question(peer, &Question::Blocks(&hashes)),
            NodeMessage::NotFound(hashes) => self.on_not_found(peer, &hashes),
            NodeMessage::GetTransactions(txids) => self.on_question(peer, &Question::Transactions(&txids)),
            NodeMessage::Reject(reject) => {
                let text = printable(&reject.text, limits::REJECT_TEXT_SHOWN);
                self.net.emit(Event::RejectReceived { hash: reject.hash, rule: reject.rule, text });
            }
        }
    }

    fn close(&mut self, connection: ConnectionId, reason: String) {
        self.net.flush_link(connection);
        self.on_disconnected(connection);
        self.net.outputs.push_back(Output::Close { connection, reason });
    }

    /// Processes a report of written bytes, after which the connection has room again.
    fn on_written(&mut self, connection: ConnectionId, bytes: u64) {
        if let Some(link) = self.net.links.get_mut(&connection) {
            link.backlog.written(bytes, self.net.now.monotonic);
            link.retelling.has_room_again(self.net.now.monotonic);
        }
    }

    /// Mutes a peer that sent what no honest peer sends.
    fn mute(&mut self, peer: PeerKey, reason: MuteReason) {
        // judged late, the message may have come on a connection that is gone
        if self.net.links.contains_key(&peer.0) && self.net.peers.mute(peer, self.net.now.monotonic) {
            self.forget_transactions_of(&peer);
            self.net.emit(Event::PeerMuted { id: peer.1, reason });
            self.forget(|key| *key == peer);
        }
    }

    /// Adds points to a peer's misbehaviour score, for what an honest peer might send occasionally.
    fn score(&mut self, peer: PeerKey, points: u32) {
        if let Some(score) = self.net.peers.add_score(peer, points, self.net.config.mute_score, self.net.now.monotonic)
        {
            self.forget_transactions_of(&peer);
            self.net.emit(Event::PeerMuted { id: peer.1, reason: MuteReason::Score(score) });
            self.forget(|key| *key == peer);
        }
    }

    /// Asks other peers for what was requested from peers that are gone or muted.
    fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.headers.forget(&gone);
        self.bodies.forget(&gone);
        for (connection, link) in &mut self.net.links {
            link.questions.forget(|id| gone(&(*connection, *id)));
        }
        self.look_for_headers();
        self.request_bodies();
    }

    fn sweep(&mut self) {
        let now = self.net.now.monotonic;
        if self.next_sweep > now {
            return;
        }
        self.next_sweep = now + limits::SWEEP_INTERVAL;
        for key in self.net.peers.remove_silent(now) {
            self.forget(|gone| *gone == key);
            self.net.emit(Event::PeerDisconnected { id: key.1 });
        }
        // a peer that rested may be asked again
        self.look_for_headers();
    }

    fn on_links_timeout(&mut self) {
        let now = self.net.now;
        let mut lost = Vec::new();
        for (connection, link) in &mut self.net.links {
            if let Err(error) = link.client.handle_timeout(now) {
                lost.push((*connection, error.to_string()));
            }
        }
        for (connection, error) in lost {
            self.close(connection, error);
        }
    }

    /// Returns whether the chain has more to do at once.
    const fn has_blocks_to_connect(&self) -> bool {
        self.busy && self.gathering.is_none() || self.following.is_some()
    }

    /// Does the work that any input may have made due. The order matters:
    ///
    /// 1. Connections come first: one that has timed out must not get more to send.
    /// 2. `LAGD` is answered with a status and a search for headers, because the lost messages may have announced a
    ///    tip.
    /// 3. Peers that were silent for long are removed, so that nothing below waits for them.
    /// 4. Deferred blocks whose time has come become ready to connect, and clocks are compared with those that remain.
    /// 5. The last move of the tip is followed to its end before the chain moves on, so that events, mempool and waits
    ///    see one move after the other. Then at most one block is connected.
    /// 6. During initial block download (IBD), the store's changes become durable at intervals. (At the tip, each move
    ///    is made durable before it is announced.)
    /// 7. Requests lapse after the chain has moved, so that an answer in this very input still counts.
    /// 8. Own blocks are published, then the new tip, then own payments, in the order of their value to others.
    /// 9. Strangers' questions are answered within the remaining room, from the newest state.
    /// 10. Mining begins on the present tip and mempool, once and not after each step.
    /// 11. The relay layer's own frames leave last, because they refer to everything that was sent before.
    fn settle(&mut self) {
        self.on_links_timeout();
        self.answer_lags();
        self.sweep();
        self.retry_deferred();
        self.watch_clocks();
        self.follow();
        if self.following.is_none() && !self.gathers() {
            self.advance();
        }
        self.sync_in_time();
        self.lapse_requests();
        self.headers_timeout();
        self.bodies_timeout();
        self.hand_out_blocks();
        self.announce();
        self.own_payments.retell(&mut self.net, &self.mempool);
        self.answer_questions();
        self.refresh_mining();
        let links: Vec<_> = self.net.links.keys().copied().collect();
        for connection in links {
            self.net.flush_link(connection);
        }
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> Machine for NodeMachine<S> {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.net.now = now;
        if self.net.halted {
            if let Input::Request { id, .. } = input {
                self.net.outputs.push_back(Output::Reply { id, response: Box::new(Response::Halted) });
            }
            return;
        }
        match input {
            Input::Connected { connection, relay, node_id } => self.on_connected(connection, relay, node_id),
            Input::Received { connection, bytes } => {
                self.on_received(connection, bytes);
                self.admit_pressing();
            }
            Input::Written { connection, bytes } => self.on_written(connection, bytes),
            Input::Disconnected { connection } => self.on_disconnected(connection),
            Input::Request { id, request } => {
                self.admit_arrivals();
                self.on_request(id, request);
            }
            Input::Mined { job, nonce } => self.on_mined(job, nonce),
            // blocks go first
            Input::Timeout if self.has_blocks_to_connect() => self.admit_pressing(),
            Input::Timeout => self.admit_arrivals(),
        }
        self.settle();
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.net.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        if self.net.halted {
            return None;
        }
        if self.has_blocks_to_connect() {
            return Some(self.net.now.monotonic);
        }
        let gathering = self.gathering.as_ref().map(|gathering| gathering.until);
        let drift = self.chain.params().spec().max_future_ms;
        let deferred = self.waiting.first_deferred().map(|(time, _)| {
            let wait = time.saturating_sub(drift).saturating_sub(self.net.now.unix_ms);
            self.net.now.monotonic + std::time::Duration::from_millis(wait)
        });
        let links = self.net.links.values().flat_map(|link| {
            let status = link.ready.then_some(link.status_at);
            let lag = link.lag.next_timeout();
            let retelling = link.retelling.next_timeout();
            [link.client.next_timeout(), link.announce_at, status, lag, link.barrier.gives_up_at(), retelling]
        });
        let parts = [
            Some(self.next_sweep),
            gathering,
            deferred,
            self.clock.next_timeout(),
            self.headers.next_timeout(),
            self.bodies.next_timeout(),
            self.arrivals.next_timeout(self.net.now.monotonic),
            self.own_payments.next_timeout(),
            self.mining_timeout(),
            self.sync_timeout(),
            self.answers_timeout(),
        ];
        links.chain(parts).flatten().min()
    }
}

/// Appends a node's own mark to its coinbase text, so that two nodes with the same payout search different headers.
fn mark(extra: &mut Vec<u8>, random: u32) {
    let mark = format!("#{random:08x}");
    extra.truncate(ChainParams::MAX_EXTRA - mark.len());
    extra.extend(mark.into_bytes());
}

/// The decoded contents of received bytes.
#[expect(clippy::large_enum_variant, reason = "lives for one read, and payloads are what nearly all are")]
enum Inbox {
    Payload(NodeId, Result<Payload, toycoin_wire::node::PayloadError>),
    Lagged(u64),
}

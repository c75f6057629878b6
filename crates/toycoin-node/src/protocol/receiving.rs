//! What comes from relays: connections that open and close, and the messages of peers.

use std::{borrow::Cow, sync::Arc};

use toycoin_core::{Header, IdentifiedTransaction, Work, store::ChainStore};
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Payload, PayloadError, Reject, Status as StatusMessage},
    printable,
};

use crate::{
    client::{ClientEvent, RelayClient},
    limits,
    machine::Monotonic,
    protocol::{
        Event, MuteReason, NodeMachine, Output, announce,
        answers::{Asker, LightQuestion, Question},
        blocks::Came,
        lanes::LaneKey,
        links::{Link, Way},
        peer_key::PeerKey,
        peers::PeerStatus,
    },
    relay::ConnectionId,
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    pub(super) fn on_connected(&mut self, connection: ConnectionId, relay: usize, node_id: NodeId) {
        let channels = vec![self.net.config.channel.clone()];
        match RelayClient::new(self.net.now, node_id, &self.net.config.agent, channels) {
            Ok(client) => {
                self.net.links.insert(connection, Link::to_relay(relay, client, self.net.now.monotonic));
            }
            Err(error) => self.net.outputs.push_back(Output::Close { connection, reason: error.to_string() }),
        }
    }

    pub(super) fn on_disconnected(&mut self, connection: ConnectionId) {
        let Some(mut link) = self.net.links.remove(&connection) else { return };
        match link.way {
            Way::Relay { index, .. } if link.ready => self.net.emit(Event::RelayDisconnected { relay: index }),
            Way::Relay { .. } => {}
            Way::Mesh => self.end_mesh(connection, &mut link),
        }
        self.transactions.forget_connection(connection);
        for id in self.net.peers.remove_connection(connection) {
            self.net.emit(Event::PeerDisconnected { id });
        }
        self.headers.forget_connection(connection);
        self.net.missed.forget_connection(connection);
        self.forget(|(at, _)| *at == connection);
    }

    /// Passes received bytes to a connection's client, and handles its events as they are found, without a copy. Returns
    /// whether there was nothing but statuses and transactions, after which nothing can follow that has no time of its
    /// own.
    pub(super) fn on_received(&mut self, connection: ConnectionId, bytes: &[u8]) -> bool {
        let now = self.net.now;
        let (channel, peers) = (self.net.config.channel.borrowed(), &self.net.peers);
        let decoded = self.net.config.decoded.as_ref();
        let Some(link) = self.net.links.get_mut(&connection) else { return false };
        // bytes are for relays, and a mesh is told of messages
        let Way::Relay { index: relay, ref mut client } = link.way else { return false };
        let barrier = &mut link.barrier;
        let (mut became_ready, mut is_light) = (false, true);
        let mut inbox = Vec::new();
        let result = client.handle_bytes(now, bytes, &mut |event| match event {
            ClientEvent::Ready => became_ready = true,
            // a muted peer's messages are not even decoded
            ClientEvent::Delivered { channel: on, from, payload }
                if on == channel && !peers.is_muted(&(connection, from), now.monotonic) =>
            {
                if let Some(transaction) = decoded.and_then(|decoded| decoded.get(payload)) {
                    return inbox.push(Inbox::Transaction(from, transaction));
                }
                let payload = NodeMessage::decode(payload);
                is_light &=
                    matches!(payload, Ok(Payload::Message(NodeMessage::Status(_) | NodeMessage::Transaction(_))));
                inbox.push(Inbox::Payload(from, payload));
            }
            ClientEvent::Lagged { count } => {
                is_light = false;
                inbox.push(Inbox::Lagged(count));
            }
            ClientEvent::Ponged { nonce } => {
                is_light = false;
                barrier.answered(nonce);
            }
            // another channel, a muted peer, or an event of a later version of the client
            _ => {}
        });
        if became_ready {
            link.welcomed(now.monotonic);
            self.net.emit(Event::RelayConnected { relay });
            let lane = LaneKey { connection, to: None };
            announce::send_status(&mut self.net, &mut self.chain, &mut self.durability, lane);
            self.transactions.queue_own(lane, &mut self.net);
        }
        for message in inbox {
            match message {
                Inbox::Payload(from, payload) => {
                    self.on_payload((connection, from), payload);
                    self.forget_muted();
                }
                Inbox::Transaction(from, transaction) => {
                    self.on_decoded((connection, from), &transaction);
                    self.forget_muted();
                }
                Inbox::Lagged(count) => self.on_lagged(connection, count),
            }
        }
        if let Err(error) = &result {
            self.close(connection, error.to_string());
        }
        is_light && !became_ready && result.is_ok()
    }

    /// Records that a peer was heard. Returns false if its message is not looked at.
    fn hears(&mut self, peer: PeerKey) -> bool {
        // an earlier message in the same bytes may have muted the peer
        if self.net.peers.is_muted(&peer, self.net.now.monotonic) {
            return false;
        }
        let (_, is_new, gone) = self.net.peers.heard(peer, self.net.now.monotonic);
        self.told_of(peer, is_new, gone);
        true
    }

    fn on_decoded(&mut self, peer: PeerKey, transaction: &IdentifiedTransaction) {
        if self.hears(peer) {
            self.transactions.on_transaction(peer, Cow::Borrowed(transaction), None, &mut self.net);
        }
    }

    fn on_payload(&mut self, peer: PeerKey, payload: Result<Payload, PayloadError>) {
        if !self.hears(peer) {
            return;
        }
        let message = match payload {
            Ok(Payload::Message(message)) => message,
            // a message of another version or another program, which is not misbehaviour
            Ok(_) => return,
            Err(error) if error.is_misbehaviour() => {
                return self.net.mute(peer, MuteReason::Undecodable(error.to_string()));
            }
            Err(_) => return,
        };
        match message {
            NodeMessage::Status(status) => {
                if self.on_status(peer, &status) {
                    announce::answer_status(&mut self.net, &self.chain, peer);
                }
            }
            NodeMessage::Transaction(transaction) => {
                let transaction = Cow::Owned(transaction.into());
                self.transactions.on_transaction(peer, transaction, None, &mut self.net);
            }
            NodeMessage::Block(block) => {
                self.on_block(peer, block, Came::ByItself);
            }
            NodeMessage::CompactBlock(block) => self.on_compact_block(peer, block, None),
            NodeMessage::BlockTransactions(answer) => self.on_block_transactions(peer, answer),
            NodeMessage::GetBlockTransactions(request) => {
                if self.are_places(peer, &request) {
                    self.on_question(peer, &Question::Payments(&request));
                }
            }
            NodeMessage::GetHeaders(request) => self.on_question(peer, &Question::Headers(&request)),
            NodeMessage::Headers(headers) => self.on_headers(peer, &headers),
            NodeMessage::GetBlocks(hashes) => self.on_question(peer, &Question::Blocks(&hashes)),
            NodeMessage::NotFound(hashes) => self.on_not_found(peer, &hashes),
            NodeMessage::GetTransactions(txids) => self.on_question(peer, &Question::Transactions(&txids)),
            // addresses concern nobody on a relay
            NodeMessage::GetAddresses | NodeMessage::Addresses(_) => {}
            NodeMessage::Reject(reject) => self.on_reject(&reject),
            other => {
                // what is left are questions of light clients, and answers to them, which concern no full node
                if let Some(question) = LightQuestion::of(&other) {
                    self.on_light_question(peer.0, Asker { peer: peer.1, question: None }, &question);
                }
            }
        }
    }

    pub(super) fn close(&mut self, connection: ConnectionId, reason: String) {
        self.net.flush_link(connection);
        self.on_disconnected(connection);
        self.net.outputs.push_back(Output::Close { connection, reason });
    }

    /// Processes a report of written bytes, after which the connection has room again.
    pub(super) fn on_written(&mut self, connection: ConnectionId, bytes: u64) {
        if let Some(link) = self.net.links.get_mut(&connection) {
            link.backlog.written(bytes, self.net.now.monotonic);
            for lane in link.lanes.values_mut() {
                lane.rebroadcast.has_room_again(self.net.now.monotonic);
            }
        }
    }

    fn on_question(&mut self, peer: PeerKey, question: &Question<'_>) {
        let asker = Asker { peer: peer.1, question: None };
        self.answers.on_question(peer.0, asker, question, &mut self.net);
    }

    /// Queues the question of a light client until its turn. Returns whether it waits now.
    pub(super) fn on_light_question(
        &mut self,
        connection: ConnectionId,
        asker: Asker,
        question: &LightQuestion,
    ) -> bool {
        if let Some(fault) = question.fault() {
            self.net.mute((connection, asker.peer), MuteReason::Undecodable(fault.to_owned()));
            return false;
        }
        self.answers.on_question(connection, asker, &Question::Light(question), &mut self.net);
        true
    }

    pub(super) fn on_headers(&mut self, peer: PeerKey, headers: &[Header]) {
        let Self { net, chain, clock, .. } = self;
        if self.headers.on_headers(peer, headers, net, chain, clock) {
            self.bodies.request(net, chain);
        }
    }

    pub(super) fn on_reject(&mut self, reject: &Reject) {
        let text = printable(&reject.text, limits::REJECT_TEXT_SHOWN);
        self.net.emit(Event::RejectReceived { hash: reject.hash, rule: reject.rule, text });
    }

    /// Processes a peer's status. Returns whether it should learn ours, because it is behind, or new and level.
    pub(super) fn on_status(&mut self, peer: PeerKey, status: &StatusMessage) -> bool {
        if status.genesis != self.chain.params().genesis_hash() {
            return false;
        }
        let work = Work::from_be_bytes(status.work);
        let said = PeerStatus { tip: status.tip, height: status.height, work };
        let Some(known) = self.net.peers.get_mut(&peer) else { return false };
        if known.status.is_none_or(|before| before.tip != said.tip) {
            known.resting_until = Monotonic::ORIGIN;
        }
        let is_new = known.status.replace(said).is_none();
        known.clock.note(status.time, self.net.now);
        self.clock.note_news(self.net.now.monotonic);
        if let Some(lane) = self.net.lane_of(&peer) {
            lane.announcements.saw(status.tip);
        }
        let ours = self.chain.tip().work;
        if work > self.chain.headers().best().work {
            self.headers.look(&mut self.net);
        } else if work > ours && self.chain.headers().get(&status.tip).is_none() {
            // better headers are known already, but perhaps nobody sends their bodies
            if let Some(known) = self.net.peers.get_mut(&peer) {
                known.has_news = true;
            }
            self.headers.look(&mut self.net);
        } else if work > ours {
            // the headers are known already, and this peer is one more source of their bodies
            self.bodies.request(&mut self.net, &self.chain);
        }
        work < ours || is_new && work == ours
    }

    /// Records that the relay dropped messages for us. One answer covers several reports.
    fn on_lagged(&mut self, connection: ConnectionId, count: u64) {
        if let Some(link) = self.net.links.get_mut(&connection) {
            link.lag.note(count);
            let (now, patience) = (self.net.now.monotonic, link.patience_with_newcomers());
            for lane in link.lanes.values_mut() {
                lane.pipeline.lagged(now);
            }
            self.headers.doubt(connection, patience, now);
            self.bodies.doubt(connection, patience, now);
        }
    }
}

/// The decoded contents of received bytes.
#[expect(clippy::large_enum_variant, reason = "lives for one read, and payloads are what nearly all are")]
enum Inbox {
    Payload(NodeId, Result<Payload, PayloadError>),
    /// A transaction that another node decoded.
    Transaction(NodeId, Arc<IdentifiedTransaction>),
    Lagged(u64),
}

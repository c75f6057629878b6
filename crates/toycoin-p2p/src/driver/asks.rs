//! Questions and answers, ours and those of peers.

use bytes::Bytes;
use libp2p::{
    PeerId,
    request_response::{Event, InboundRequestId, Message, OutboundFailure, ResponseChannel},
    swarm::ConnectionId,
};
use tokio::time::Instant;
use toycoin_core::Work;
use toycoin_node::{
    peering::{self, Endpoint, PeerAddress, PeeringInput},
    protocol::{Unanswered, Via},
};
use toycoin_wire::{
    Tag,
    limits::{TAG_SIZE, payload_cap},
    node::{NodeAddress, NodeMessage, Payload, Status},
};

use super::{Asked, Driver, peers::Early};
use crate::{
    ask::{self, Question, Violation, violation},
    limits::{MAX_EARLY, MAX_EARLY_BYTES},
    names::to_libp2p,
};

impl Driver {
    pub(super) fn on_ask(&mut self, event: Event<Question, Vec<Bytes>>) {
        match event {
            Event::Message { peer, message: Message::Request { request_id, request, channel }, connection_id } => {
                self.on_request(&peer, connection_id, request_id, request, channel);
            }
            Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                let bytes = response.iter().map(Bytes::len).sum();
                let Some(asked) = self.asked.remove(&request_id) else { return };
                let why = asked.why_unanswered();
                let Asked { connection, tag, question, .. } = asked;
                let frames = response.len();
                let is_heard = self.on_answer(&peer, connection, response);
                let lacking = question.filter(|question| !is_heard || frames < most_frames(question));
                self.tell_unanswered(&peer, connection, lacking, why);
                self.asking_ended(&peer, connection, tag, bytes);
            }
            Event::OutboundFailure { peer, request_id, error, .. } => {
                let Some(asked) = self.asked.remove(&request_id) else { return };
                self.shared.failed.count();
                tracing::debug!("{peer} does not answer: {error}");
                let violation = match &error {
                    OutboundFailure::Io(error) => violation(error),
                    _ => None,
                };
                match violation {
                    Some(violation) => self.violated(&peer, violation),
                    None => {
                        let why = match error {
                            OutboundFailure::Timeout => Unanswered::TimedOut,
                            _ => asked.why_unanswered(),
                        };
                        let Asked { connection, tag, question, .. } = asked;
                        self.tell_unanswered(&peer, connection, question, why);
                        self.asking_ended(&peer, connection, tag, 0);
                    }
                }
            }
            Event::ResponseSent { request_id, .. } => match self.cut.remove(&request_id) {
                // the stream was not reset: the peer cut its question
                Some(peer) => self.violated(&peer, Violation::Cut),
                None => self.questions.close(request_id),
            },
            Event::InboundFailure { request_id, .. } => {
                self.cut.remove(&request_id);
                self.questions.close(request_id);
            }
        }
    }

    fn on_request(
        &mut self,
        peer_id: &PeerId,
        connection: ConnectionId,
        stream: InboundRequestId,
        question: Question,
        channel: ResponseChannel<Vec<Bytes>>,
    ) {
        let payload = match question {
            Question::Payload(payload) => payload,
            Question::Broken(Violation::Cut) => {
                self.cut.insert(stream, *peer_id);
                let _ = self.swarm.behaviour_mut().ask.send_response(channel, ask::probe());
                return;
            }
            Question::Broken(violation) => return self.violated(peer_id, violation),
        };
        // what comes on a connection that does not count any more gets an empty answer: the channel is dropped
        let Some(peer) = self.peers.on(peer_id, connection) else { return };
        if peer.takes_part() {
            self.on_question(peer_id, stream, channel, payload);
        } else if !peer.joined && peer.early.len() < MAX_EARLY && payload.len() <= MAX_EARLY_BYTES {
            // it has seen us join before we have seen it
            peer.early.push(Early { stream, channel, payload });
        }
    }

    /// Processes a question of a peer that has joined. Dropping the channel is an empty answer.
    pub(super) fn on_question(
        &mut self,
        peer_id: &PeerId,
        stream: InboundRequestId,
        channel: ResponseChannel<Vec<Bytes>>,
        payload: Bytes,
    ) {
        let Some(peer) = self.peers.get(peer_id) else { return };
        let (node, id) = (peer.node, peer.id.clone());
        // a later version of the protocol may ask for more
        let Some(tag) = ask::tag(&payload).filter(|tag| payload_cap(*tag).is_some()) else { return };
        let Some(question) = self.questions.open(*peer_id, stream, channel, tag, payload.len()) else {
            self.shared.unanswered.count();
            return;
        };
        self.shared.questions.count();
        self.note_status(peer_id, &payload);
        if tag == Tag::GADR {
            match NodeMessage::decode(&payload) {
                Ok(_) => {
                    let answer = self.addresses_for(&id);
                    answer.into_iter().for_each(|answer| self.answer(question, answer));
                    self.end(question);
                }
                Err(_) => {
                    self.violated(peer_id, Violation::Unexpected(tag));
                }
            }
        } else if self.port.hear(node, Via::Question(question), payload).is_err() {
            self.shared.unanswered.count();
            self.end(question);
        }
    }

    /// Processes an answer. Returns whether the node hears all of it.
    fn on_answer(&mut self, peer_id: &PeerId, connection: ConnectionId, frames: Vec<Bytes>) -> bool {
        let mut is_heard = true;
        for payload in frames {
            // it may be muted for the first of them
            let Some(peer) = self.peers.on(peer_id, connection) else { return false };
            let (node, ip, takes_part) = (peer.node, peer.ip(), peer.takes_part());
            self.note_status(peer_id, &payload);
            if !takes_part {
                // the node knows nothing of a feeler
                continue;
            }
            if ask::tag(&payload) == Some(Tag::ADDR) {
                match NodeMessage::decode(&payload) {
                    Ok(Payload::Message(NodeMessage::Addresses(addresses))) => {
                        let addresses = addresses.iter().filter_map(peer_address).collect();
                        self.tell_peering(PeeringInput::Heard { source: ip, addresses });
                    }
                    _ => self.violated(peer_id, Violation::Unexpected(Tag::ADDR)),
                }
            } else if self.port.answer(node, payload).is_err() {
                self.shared.unheard.count();
                is_heard = false;
            }
        }
        is_heard
    }

    /// Tells the node that a question of its own is not answered, or not wholly. Of a peer that is gone it hears that.
    fn tell_unanswered(
        &mut self,
        peer_id: &PeerId,
        connection: ConnectionId,
        question: Option<Bytes>,
        why: Unanswered,
    ) {
        let Some(question) = question else { return };
        if let Some(node) = self.peers.on(peer_id, connection).filter(|peer| peer.takes_part()).map(|peer| peer.node) {
            self.port.unanswered(node, question, why);
        }
    }

    /// Asks a peer something, at once or when its turn comes.
    pub(super) fn ask(&mut self, peer_id: &PeerId, question: Bytes) {
        let Some(peer) = self.peers.get_mut(peer_id) else { return };
        let connection = peer.connection;
        for question in peer.asking.add(question) {
            self.shared.unasked.count();
            self.tell_unanswered(peer_id, connection, Some(question).filter(is_awaited), Unanswered::NotNow);
        }
        self.ask_next(peer_id);
    }

    pub(super) fn ask_addresses(&mut self, peer: &peering::PeerId) {
        let Some(peer) = to_libp2p(peer) else { return };
        self.ask(&peer, Bytes::from_static(b"GADR"));
    }

    fn ask_next(&mut self, peer_id: &PeerId) {
        // to one that is not connected, the library would dial
        if !self.swarm.behaviour().ask.is_connected(peer_id) {
            return;
        }
        let Some(peer) = self.peers.get_mut(peer_id) else { return };
        while let Some(question) = peer.asking.next() {
            let (connection, tag) = (peer.connection, ask::tag(&question));
            let kept = Some(question.clone()).filter(is_awaited);
            let at = Instant::now();
            let id = self.swarm.behaviour_mut().ask.send_request(peer_id, Question::Payload(question));
            self.asked.insert(id, Asked { peer: *peer_id, connection, tag, question: kept, at });
            self.shared.asked.count();
        }
    }

    fn asking_ended(&mut self, peer_id: &PeerId, connection: ConnectionId, tag: Option<Tag>, bytes: usize) {
        let Some(peer) = self.peers.on(peer_id, connection) else { return };
        peer.asking.ended(tag, bytes);
        if self.feels(peer_id) {
            self.part(peer_id, "its address is good");
        } else {
            self.ask_next(peer_id);
        }
    }

    /// Adds a frame to the answer to a peer's question.
    pub(super) fn answer(&mut self, question: toycoin_node::protocol::QuestionId, frame: Bytes) {
        if !self.questions.answer(question, frame) {
            self.shared.left_out.count();
        }
    }

    /// Sends the answer to a peer's question.
    pub(super) fn end(&mut self, question: toycoin_node::protocol::QuestionId) {
        let Some((channel, frames)) = self.questions.end(question) else { return };
        // an error means that nobody waits any more, which an event tells too
        let _ = self.swarm.behaviour_mut().ask.send_response(channel, frames);
    }

    fn addresses_for(&mut self, peer: &peering::PeerId) -> Option<Bytes> {
        let addresses = self.swarm.behaviour_mut().gate.peering()?.addresses_for(peer);
        // no list at all, which is an empty answer: "not now"
        if addresses.is_empty() {
            return None;
        }
        NodeMessage::Addresses(addresses).encode().ok().map(Bytes::from)
    }

    /// Notes how much work a peer's chain has, if this is its status.
    fn note_status(&mut self, peer: &PeerId, payload: &[u8]) {
        let (Some(theirs), Some(ours)) = (status(payload), &self.status) else { return };
        let [work, ours] = [&theirs, ours].map(|status| Work::from_be_bytes(status.work));
        if let Some(peer) = self.peers.get(peer).map(|peer| peer.id.clone()) {
            self.tell_peering(PeeringInput::Shows { peer, work, ours });
        }
    }

    /// Keeps our status, if this is it.
    pub(super) fn note_own_status(&mut self, payload: &[u8]) {
        if let Some(status) = status(payload) {
            self.status = Some(status);
        }
    }
}

/// Returns whether the node waits for the answer to a question: that for a status or a payment is none's concern.
fn is_awaited(question: &Bytes) -> bool {
    let tag = ask::tag(question);
    let is_light = matches!(tag, Some(Tag::GPRF | Tag::GANC | Tag::GTXP | Tag::GFIL | Tag::GSNP | Tag::GCHK));
    is_light || matches!(tag, Some(Tag::GHDR | Tag::GBLK | Tag::GTXN))
}

/// Returns the most frames of a whole answer to such a question: one for headers, or one for each block or transaction
/// that it names.
fn most_frames(question: &Bytes) -> usize {
    match ask::tag(question) {
        Some(Tag::GBLK | Tag::GTXN) => question.len().saturating_sub(TAG_SIZE) / 32,
        _ => 1,
    }
}

/// Returns the status in a payload `STAT`; `None` for any other payload.
fn status(payload: &[u8]) -> Option<Status> {
    if ask::tag(payload) != Some(Tag::STAT) {
        return None;
    }
    match NodeMessage::decode(payload) {
        Ok(Payload::Message(NodeMessage::Status(status))) => Some(status),
        _ => None,
    }
}

/// Returns an address that a peer named, with its hour; `None` if nobody can be there.
fn peer_address(address: &NodeAddress) -> Option<(PeerAddress, u32)> {
    let endpoint = Endpoint::new(std::net::Ipv6Addr::from(address.ip).into(), address.port)?;
    let peer = peering::PeerId::from_bytes(&address.peer)?;
    Some((PeerAddress { endpoint, peer: Some(peer) }, address.seen))
}

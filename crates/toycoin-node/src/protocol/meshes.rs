//! What comes from a mesh: peers that join and leave, gossip, questions and answers.
//!
//! ```text
//!   Heard ─▶ muted? ─▶ decoded ─┬─ Gossip: TXN BLOC CBLK HDRS ─▶ judged once ─▶ Judge
//!                               ├─ Question: STAT GHDR GBLK GTXN GBTX TXN RJCT, GPRF GANC GTXP GFIL ─▶ answers, End
//!                               └─ Answer: STAT HDRS BLOC BTXS NOTF TXN ─▶ as on a relay
//! ```
//!
//! A neighbour that gossips a message need not be its author, so it is blamed only for what it should have seen itself.

use std::borrow::Cow;

use toycoin_core::{Txid, store::ChainStore};
use toycoin_wire::{
    NodeId, Tag,
    node::{NodeMessage, Payload},
};

use crate::{
    limits,
    protocol::{
        Direction, Event, Judgement, MuteReason, NodeMachine, Output, QuestionId, Ticket, Via, announce,
        answers::{Asker, LightQuestion, Question},
        blocks::Came,
        lanes::{Lane, LaneKey},
        links::Link,
        peer_key::PeerKey,
        peers::up_to,
    },
    relay::ConnectionId,
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    pub(super) fn on_mesh_up(&mut self, connection: ConnectionId) {
        let now = self.net.now.monotonic;
        self.net.links.entry(connection).or_insert_with(|| Link::mesh(now));
    }

    pub(super) fn on_joined(&mut self, peer: PeerKey, direction: Direction) {
        let now = self.net.now.monotonic;
        if let Some(until) = self.net.peers.muted_until(&peer, now) {
            return self.net.shun(peer, until);
        }
        let status_at = now + limits::STATUS_INTERVAL / 2 + up_to(limits::STATUS_INTERVAL, self.net.random());
        let Some(link) = self.net.links.get_mut(&peer.0).filter(|link| link.is_mesh()) else { return };
        link.lanes.insert(Some(peer.1), Lane::to_peer(direction, status_at, now));
        let (known, is_new, gone) = self.net.peers.heard(peer, now);
        known.has_joined = true;
        self.told_of(peer, is_new, gone);
        self.transactions.queue_own(LaneKey { connection: peer.0, to: Some(peer.1) }, &mut self.net);
    }

    pub(super) fn on_left(&mut self, peer: PeerKey) {
        let Some(link) = self.net.links.get_mut(&peer.0).filter(|link| link.is_mesh()) else { return };
        link.lanes.remove(&Some(peer.1));
        self.net.ignore_tickets_of(|key| *key == peer);
        if self.net.peers.remove(&peer) {
            self.forget(|key| *key == peer);
            self.net.emit(Event::PeerDisconnected { id: peer.1 });
        }
    }

    /// Processes a message of a peer. Whatever becomes of it, a ticket is judged and a question is ended.
    pub(super) fn on_heard(&mut self, peer: PeerKey, via: Via, payload: &[u8]) {
        let now = self.net.now.monotonic;
        if let Via::Gossip(ticket) = via
            && !self.net.tickets.open(ticket, peer, now)
        {
            return;
        }
        let is_here = self.net.links.get(&peer.0).is_some_and(|link| link.lanes.contains_key(&Some(peer.1)));
        if !is_here || self.net.peers.is_muted(&peer, now) {
            return self.leave(via);
        }
        let (known, is_new, gone) = self.net.peers.heard(peer, now);
        known.has_joined = true;
        self.told_of(peer, is_new, gone);
        match (NodeMessage::decode(payload), via) {
            (Ok(Payload::Message(message)), Via::Gossip(ticket)) => self.on_gossip(peer, ticket, message),
            (Ok(Payload::Message(message)), Via::Question(question)) => self.on_asked(peer, question, message),
            (Ok(Payload::Message(message)), Via::Answer) => self.on_answer(peer, message),
            // another version, or what only later versions know: an empty answer, and nobody's fault
            (Ok(_), Via::Question(_) | Via::Answer) => self.leave(via),
            (Ok(_), Via::Gossip(ticket)) => self.reject_gossip(peer, ticket, "it is not gossiped".to_owned()),
            (Err(error), Via::Gossip(ticket)) => self.reject_gossip(peer, ticket, error.to_string()),
            (Err(error), Via::Question(_) | Via::Answer) => {
                self.net.mute(peer, MuteReason::Undecodable(error.to_string()));
                self.leave(via);
            }
        }
        self.forget_muted();
    }

    /// Owes nothing more for a message that is not looked at.
    fn leave(&mut self, via: Via) {
        match via {
            Via::Gossip(ticket) => self.net.judge(ticket, Judgement::Ignore),
            Via::Question(question) => self.net.outputs.push_back(Output::End { question }),
            Via::Answer => {}
        }
    }

    fn reject_gossip(&mut self, peer: PeerKey, ticket: Ticket, reason: String) {
        self.net.judge(ticket, Judgement::Reject);
        self.net.mute(peer, MuteReason::Undecodable(reason));
    }

    fn on_gossip(&mut self, peer: PeerKey, ticket: Ticket, message: NodeMessage) {
        match message {
            NodeMessage::Transaction(transaction) => {
                let transaction = Cow::Owned(transaction.into());
                self.transactions.on_transaction(peer, transaction, Some(ticket), &mut self.net);
            }
            NodeMessage::Block(block) => {
                let judgement = self.on_block(peer, block, Came::ByGossip);
                self.net.judge(ticket, judgement);
            }
            NodeMessage::CompactBlock(block) => self.on_compact_block(peer, block, Some(ticket)),
            NodeMessage::Headers(headers) if headers.len() == 1 => {
                for header in headers {
                    self.on_lone_header(peer, Some(ticket), &header);
                }
            }
            other => self.reject_gossip(peer, ticket, format!("{} is not gossiped", other.tag())),
        }
    }

    fn on_asked(&mut self, peer: PeerKey, question: QuestionId, message: NodeMessage) {
        let asker = Asker { peer: peer.1, question: Some(question) };
        let question = match &message {
            NodeMessage::GetHeaders(request) => Some(Question::Headers(request)),
            NodeMessage::GetBlocks(hashes) => Some(Question::Blocks(hashes)),
            NodeMessage::GetTransactions(txids) => Some(Question::Transactions(txids)),
            NodeMessage::GetBlockTransactions(request) if self.are_places(peer, request) => {
                Some(Question::Payments(request))
            }
            _ => None,
        };
        if let Some(question) = question {
            return self.answers.on_question(peer.0, asker, &question, &mut self.net);
        }
        if let Some(question) = LightQuestion::of(&message) {
            if !self.on_light_question(peer.0, asker, &question) {
                self.net.outputs.extend(asker.question.map(|question| Output::End { question }));
            }
            return;
        }
        match message {
            NodeMessage::Status(status) => {
                self.on_status(peer, &status);
                self.tell_mempool(peer);
                announce::give_status(&mut self.net, &self.chain, peer, asker.question);
            }
            NodeMessage::Transaction(transaction) => {
                let transaction = Cow::Owned(transaction.into());
                self.transactions.on_transaction(peer, transaction, None, &mut self.net);
            }
            NodeMessage::Reject(reject) => self.on_reject(&reject),
            // who carries the mesh knows the addresses
            NodeMessage::GetAddresses => {}
            NodeMessage::GetBlockTransactions(_) => {}
            other => self.mute_for_unexpected(peer, other.tag()),
        }
        self.net.outputs.extend(asker.question.map(|question| Output::End { question }));
    }

    fn on_answer(&mut self, peer: PeerKey, message: NodeMessage) {
        match message {
            // it answers ours, so the peer knows that
            NodeMessage::Status(status) => {
                self.on_status(peer, &status);
                self.tell_mempool(peer);
            }
            NodeMessage::Headers(headers) => self.on_headers(peer, &headers),
            NodeMessage::Block(block) => {
                self.on_block(peer, block, Came::ByItself);
            }
            NodeMessage::BlockTransactions(answer) => self.on_block_transactions(peer, answer),
            NodeMessage::NotFound(hashes) => {
                let txids = hashes.iter().copied().map(Txid::from_bytes);
                self.net.missed.not_from(peer, txids, self.net.now.monotonic);
                self.on_not_found(peer, &hashes);
            }
            NodeMessage::Transaction(transaction) => {
                let transaction = Cow::Owned(transaction.into());
                self.transactions.on_transaction(peer, transaction, None, &mut self.net);
            }
            // who carries the mesh knows the addresses
            NodeMessage::Addresses(_) => {}
            other => self.mute_for_unexpected(peer, other.tag()),
        }
    }

    /// Tells a peer once what waits in our mempool, as soon as it has our tip. Gossip does not bring that to who joins
    /// later: nobody passes on what he knows already, so payments would stay in one half of a mesh that was parted.
    fn tell_mempool(&mut self, peer: PeerKey) {
        let Self { net, chain, transactions, .. } = self;
        let tip = chain.tip().hash;
        let has_our_tip = net.peers.get(&peer).and_then(|peer| peer.status).is_some_and(|status| status.tip == tip);
        let Some(lane) = net.lane_of(&peer).filter(|lane| has_our_tip && !lane.is_told) else { return };
        lane.is_told = true;
        transactions.queue_best(LaneKey { connection: peer.0, to: Some(peer.1) }, net);
    }

    fn mute_for_unexpected(&mut self, peer: PeerKey, tag: Tag) {
        self.net.mute(peer, MuteReason::Undecodable(format!("{tag} is not expected here")));
    }

    /// Tells that a peer is new, and that another one made room for it.
    pub(super) fn told_of(&mut self, peer: PeerKey, is_new: bool, gone: Option<PeerKey>) {
        if let Some(gone) = gone {
            self.forget(|key| *key == gone);
            self.net.emit(Event::PeerDisconnected { id: gone.1 });
        }
        if is_new {
            self.net.emit(Event::PeerConnected { id: peer.1 });
        }
    }

    /// Ends a mesh with all its peers. What was owed to them is over.
    pub(super) fn end_mesh(&mut self, connection: ConnectionId, link: &mut Link) {
        self.net.ignore_tickets_of(|(at, _)| *at == connection);
        link.questions.forget(|_: &NodeId| true);
        self.net.outputs.extend(link.questions.take_ended().map(|question| Output::End { question }));
    }
}

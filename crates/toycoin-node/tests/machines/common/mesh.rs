//! A mesh around the node on the stage: peers join, gossip, ask and answer, and what the node owes them is counted.

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::store::ChainStore;
use toycoin_node::{
    machine::Machine,
    protocol::{Direction, Input, Judgement, Missed, Output, QuestionId, Ticket, Unanswered, Via},
    relay::ConnectionId,
};
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Payload},
};

use super::stage::{Peer, Sent, Stage};

/// What the node told its mesh.
#[derive(Debug, Default)]
pub(crate) struct MeshSide {
    /// The judgements of each ticket that was given.
    pub(crate) judged: BTreeMap<Ticket, Vec<Judgement>>,
    /// How often each question that was asked has ended.
    pub(crate) ended: BTreeMap<QuestionId, usize>,
    /// The answers to each question. None may come after its end.
    pub(crate) answers: BTreeMap<QuestionId, Vec<NodeMessage>>,
    pub(crate) shunned: Vec<(NodeId, Duration)>,
    given: u64,
}

impl MeshSide {
    /// Takes an output for the mesh, and returns what is no answer.
    pub(crate) fn take(&mut self, output: Output) -> Option<Sent> {
        match output {
            Output::Say { connection, to, answers, payload } => {
                let Ok(Payload::Message(message)) = NodeMessage::decode(&payload) else {
                    panic!("a node says what nodes understand")
                };
                let Some(question) = answers else { return Some(Sent { connection, to, message }) };
                assert_eq!(self.ended.get(&question), Some(&0), "an answer after the end of its question");
                self.answers.entry(question).or_default().push(message);
            }
            Output::End { question } => *self.ended.get_mut(&question).expect("it was asked") += 1,
            Output::Judge { ticket, judgement } => {
                self.judged.get_mut(&ticket).expect("it was given").push(judgement);
            }
            Output::Shun { peer, time, .. } => self.shunned.push((peer, time)),
            other => panic!("{other:?} is not for a mesh"),
        }
        None
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> Stage<S> {
    /// A mesh without peers.
    pub(crate) fn mesh_up(&mut self) -> ConnectionId {
        let connection = self.name_connection();
        self.input(Input::MeshUp { connection });
        connection
    }

    pub(crate) fn join(&mut self, peer: Peer, direction: Direction) {
        self.input(Input::Joined { connection: peer.connection, peer: peer.id, direction });
    }

    /// A mesh with one peer that dialled the node.
    pub(crate) fn mesh_with_one(&mut self) -> Peer {
        let peer = Peer::new(self.mesh_up(), 1);
        self.join(peer, Direction::Inbound);
        peer
    }

    pub(crate) fn part(&mut self, peer: Peer) {
        self.input(Input::Left { connection: peer.connection, peer: peer.id });
    }

    /// A peer gossips something.
    pub(crate) fn gossip(&mut self, peer: Peer, message: &NodeMessage) -> Ticket {
        self.gossip_payload(peer, &message.encode().expect("within its cap"))
    }

    pub(crate) fn gossip_payload(&mut self, peer: Peer, payload: &[u8]) -> Ticket {
        self.mesh.given += 1;
        let ticket = Ticket(self.mesh.given);
        self.mesh.judged.insert(ticket, Vec::new());
        self.input(Input::Heard { connection: peer.connection, from: peer.id, via: Via::Gossip(ticket), payload });
        ticket
    }

    /// A peer gossips several messages before the node has time for anything else. Returns the last one's ticket.
    pub(crate) fn gossip_at_once(&mut self, peer: Peer, messages: &[NodeMessage]) -> Ticket {
        for message in messages {
            self.mesh.given += 1;
            let ticket = Ticket(self.mesh.given);
            self.mesh.judged.insert(ticket, Vec::new());
            let payload = message.encode().expect("within its cap");
            let via = Via::Gossip(ticket);
            let heard = Input::Heard { connection: peer.connection, from: peer.id, via, payload: &payload };
            self.machine.handle(self.moment(), heard);
        }
        self.advance(Duration::ZERO);
        Ticket(self.mesh.given)
    }

    /// What a peer gossips is dropped by its carrier.
    pub(crate) fn missed(&mut self, peer: Peer, what: &Missed) {
        self.input(Input::Missed { connection: peer.connection, from: peer.id, what });
    }

    /// A peer asks something.
    pub(crate) fn question(&mut self, peer: Peer, message: &NodeMessage) -> QuestionId {
        self.question_payload(peer, &message.encode().expect("within its cap"))
    }

    pub(crate) fn question_payload(&mut self, peer: Peer, payload: &[u8]) -> QuestionId {
        self.mesh.given += 1;
        let question = QuestionId(self.mesh.given);
        self.mesh.ended.insert(question, 0);
        self.input(Input::Heard { connection: peer.connection, from: peer.id, via: Via::Question(question), payload });
        question
    }

    /// A peer answers something.
    pub(crate) fn answer(&mut self, peer: Peer, message: &NodeMessage) {
        self.answer_payload(peer, &message.encode().expect("within its cap"));
    }

    pub(crate) fn answer_payload(&mut self, peer: Peer, payload: &[u8]) {
        self.input(Input::Heard { connection: peer.connection, from: peer.id, via: Via::Answer, payload });
    }

    /// A peer does not answer a question of the node, or leaves something out.
    pub(crate) fn unanswered(&mut self, peer: Peer, question: &NodeMessage, why: Unanswered) {
        self.unanswered_payload(peer, &question.encode().expect("within its cap"), why);
    }

    pub(crate) fn unanswered_payload(&mut self, peer: Peer, question: &[u8], why: Unanswered) {
        self.input(Input::Unanswered { connection: peer.connection, from: peer.id, question, why });
    }

    /// What was made of a ticket, once it is judged.
    pub(crate) fn judgement(&self, ticket: Ticket) -> Option<Judgement> {
        let judged = self.mesh.judged.get(&ticket).expect("it was given");
        assert!(judged.len() <= 1, "judged more than once: {judged:?}");
        judged.first().copied()
    }

    /// The answers to a question, once it has ended.
    pub(crate) fn answers_to(&self, question: QuestionId) -> Option<&[NodeMessage]> {
        let ended = *self.mesh.ended.get(&question).expect("it was asked");
        assert!(ended <= 1, "ended more than once");
        let answers = self.mesh.answers.get(&question).map_or(&[][..], Vec::as_slice);
        (ended == 1).then_some(answers)
    }

    /// Peers with chains of their own answer what the node asks of them, until it asks nothing.
    pub(crate) fn serve_mesh(&mut self, peers: &[(Peer, &super::chains::PeerChain)]) {
        loop {
            let mut is_quiet = true;
            for (peer, chain) in peers {
                for question in self.take_sent_to(*peer) {
                    for answer in super::chains::honest_answers(chain, &question) {
                        is_quiet = false;
                        self.answer(*peer, &answer);
                    }
                }
            }
            if is_quiet {
                return;
            }
        }
    }
}

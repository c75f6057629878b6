//! Questions between two nodes of a mesh, and their answers.

use std::rc::Rc;

use toycoin_node::{
    limits,
    protocol::{Input, QuestionId, Unanswered, Via},
};
use toycoin_wire::{NodeId, Tag};

use crate::network::{
    Happening, MessageKind, Network,
    mesh::{LinkId, MeshHappening, Parcel, state::Question},
};

/// Most questions of one node that a peer has not ended; the rest is dropped.
const MOST_QUESTIONS: usize = 32;

impl Network {
    /// Carries out that a node says something on the mesh.
    pub(crate) fn say(&mut self, node: usize, to: Option<NodeId>, answers: Option<QuestionId>, payload: &[u8]) {
        match (to, answers) {
            (_, Some(question)) => self.answer(node, question, payload.into()),
            (Some(to), None) => self.ask(node, to, payload.into()),
            (None, None) => self.publish(node, payload),
        }
    }

    fn ask(&mut self, node: usize, to: NodeId, payload: Rc<[u8]>) {
        let Some(peer) = self.owners.get(&to).copied() else { return };
        let Some(site) = self.nodes[node].mesh.as_ref() else { return };
        let Some(link) = site.peers.get(&peer).copied() else { return };
        let Some(state) = self.mesh.links.get_mut(&link).filter(|link| link.is_open_at(node)) else { return };
        let side = state.side_of(node);
        if state.unanswered[side] >= MOST_QUESTIONS {
            self.statistics.questions_dropped += 1;
            let unasked = MeshHappening::Unasked { link, side, question: payload };
            self.queue.push(self.now, Happening::Mesh(Box::new(unasked)));
            return;
        }
        state.unanswered[side] += 1;
        let id = QuestionId(self.mesh.number());
        let copy = Rc::clone(&payload);
        let question =
            Question { asker: node, answerer: peer, link, since: None, payload: copy, bytes: 0, messages: 0 };
        self.mesh.questions.insert(id, question);
        self.carry(link, node, Parcel::Question(id, payload));
    }

    fn answer(&mut self, node: usize, id: QuestionId, payload: Rc<[u8]>) {
        if self.mesh.excused.contains(&id) {
            return;
        }
        let Some(question) = self.mesh.questions.get_mut(&id).filter(|question| question.answerer == node) else {
            return self.violate_debt(node, format!("it answers question {}, which it does not have", id.0));
        };
        question.bytes += payload.len() as u64;
        question.messages += 1;
        let (link, bytes) = (question.link, question.bytes);
        if bytes > limits::ANSWER_BYTES && self.nodes[node].honest {
            let what = format!("an answer of {bytes} bytes, at most {} are allowed", limits::ANSWER_BYTES);
            return self.violate("bounds", Some(node), what);
        }
        self.carry(link, node, Parcel::Answer(payload));
    }

    /// Ends a node's answer to a question.
    pub(crate) fn end_answer(&mut self, node: usize, id: QuestionId) {
        if self.mesh.excused.remove(&id) {
            return;
        }
        let Some(question) = self.mesh.questions.get(&id).filter(|question| question.answerer == node) else {
            return self.violate_debt(node, format!("it ends question {}, which it does not have", id.0));
        };
        let link = question.link;
        let lacking = (question.messages < awaited(&question.payload)).then(|| Rc::clone(&question.payload));
        self.mesh.questions.remove(&id);
        self.carry(link, node, Parcel::End(lacking));
    }

    /// Informs the node at one end of a connection that its question was dropped.
    pub(super) fn unasked(&mut self, link: LinkId, side: usize, question: &[u8]) {
        let state = self.mesh.links.get(&link).filter(|state| state.is_open_at(state.nodes[side]));
        let Some([node, peer]) = state.map(|state| [state.nodes[side], state.nodes[1 - side]]) else { return };
        if awaited(question) > 0 {
            self.hear_unanswered(node, peer, question);
        }
    }

    pub(super) fn hear_unanswered(&mut self, node: usize, from: usize, question: &[u8]) {
        let Some(from) = self.name_of_peer(from) else { return };
        let Some(connection) = self.nodes[node].mesh.as_ref().map(|site| site.connection) else { return };
        self.node_input(node, Input::Unanswered { connection, from, question, why: Unanswered::NotNow });
    }

    pub(super) fn hear_question(&mut self, node: usize, from: usize, id: QuestionId, payload: &[u8]) {
        let Some(question) = self.mesh.questions.get_mut(&id) else { return };
        question.since = Some(self.now);
        self.note_heard(node, from, MessageKind::Question, payload, false);
        self.hear(node, from, Via::Question(id), payload);
    }

    pub(super) fn hear_answer(&mut self, node: usize, from: usize, payload: &[u8]) {
        self.note_heard(node, from, MessageKind::Answer, payload, false);
        self.hear(node, from, Via::Answer, payload);
    }

    fn hear(&mut self, node: usize, from: usize, via: Via, payload: &[u8]) {
        let Some(from) = self.name_of_peer(from) else { return };
        let Some(connection) = self.nodes[node].mesh.as_ref().map(|site| site.connection) else { return };
        self.node_input(node, Input::Heard { connection, from, via, payload });
    }

    /// Frees a node from the questions of a peer that is gone. Those that never arrived are lost.
    pub(super) fn excuse(&mut self, node: usize, asker: usize) {
        let is_of = |question: &Question| question.answerer == node && question.asker == asker;
        let gone = self.mesh.questions.extract_if(.., |_, question| is_of(question));
        let heard: Vec<_> = gone.filter(|(_, question)| question.since.is_some()).map(|(id, _)| id).collect();
        self.mesh.excused.extend(heard);
    }
}

/// Returns how many messages a whole answer to a question has at most, if its asker waits for it: one for headers and
/// for a light client, and one for each block or transaction that it names.
fn awaited(question: &[u8]) -> usize {
    let tag = question.first_chunk().map(|tag| Tag::new(*tag));
    match tag {
        Some(Tag::GHDR) => 1,
        // an answer to a light client is one message at least
        Some(Tag::GPRF | Tag::GANC | Tag::GTXP | Tag::GFIL) => 1,
        Some(Tag::GBLK | Tag::GTXN) => question.len().saturating_sub(TAG_BYTES) / HASH_BYTES,
        _ => 0,
    }
}

const TAG_BYTES: usize = 4;
const HASH_BYTES: usize = 32;

//! What the tactic hears and says: on relays in frames, on a mesh to one peer at a time.

use bytes::Bytes;
use toycoin_node::{
    protocol::{Output, QuestionId, Via},
    relay::ConnectionId,
};
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Payload},
    relay::{Publish, RelayMessage},
};

use super::Tampering;
use crate::adversary::{Heard, Said};

impl Tampering {
    pub(super) fn say(&mut self, connection: ConnectionId, (to, message): Said) {
        if let Ok(payload) = message.encode() {
            let payload = self.act(|tactic, scene| tactic.encoded(to, payload, scene));
            let bytes = self.frame(to, &payload);
            self.outputs.push_back(Output::Send { connection, bytes: bytes.into() });
        }
    }

    /// Passes a message to one peer of a mesh through the tactic.
    pub(super) fn say_directly(
        &mut self,
        connection: ConnectionId,
        to: NodeId,
        answers: Option<QuestionId>,
        payload: Bytes,
    ) {
        let Ok(Payload::Message(message)) = NodeMessage::decode(&payload) else {
            return self.outputs.push_back(Output::Say { connection, to: Some(to), answers, payload });
        };
        for said in self.act(|tactic, scene| tactic.outgoing((Some(to), message), scene)) {
            self.say_on_mesh(connection, said, answers);
        }
    }

    /// Says something to one peer of a mesh. The tactic gossips nothing.
    pub(super) fn say_on_mesh(&mut self, connection: ConnectionId, (to, message): Said, answers: Option<QuestionId>) {
        if let Ok(payload) = message.encode()
            && to.is_some()
        {
            let payload = self.act(|tactic, scene| tactic.encoded(to, payload, scene)).into();
            self.outputs.push_back(Output::Say { connection, to, answers, payload });
        }
    }

    /// Lets the tactic answer what one peer of a mesh said. Returns whether the machine inside is to hear it.
    pub(super) fn heard(&mut self, connection: ConnectionId, from: NodeId, via: Via, payload: &[u8]) -> bool {
        let question = match via {
            Via::Gossip(_) => return true,
            Via::Question(question) => Some(question),
            Via::Answer => None,
        };
        let Ok(Payload::Message(message)) = NodeMessage::decode(payload) else { return true };
        let (answer, passes) = match self.act(|tactic, scene| tactic.incoming(from, &message, scene)) {
            Heard::Pass => return true,
            Heard::PassAnd(said) => (said, true),
            Heard::Instead(said) => (said, false),
        };
        if passes {
            answer.into_iter().for_each(|said| self.say_on_mesh(connection, said, None));
            return true;
        }
        // what it says to an answer would be a question, and so on without end
        if let Some(question) = question {
            answer.into_iter().for_each(|said| self.say_on_mesh(connection, said, Some(question)));
            self.outputs.push_back(Output::End { question });
        }
        false
    }

    /// Returns the frame that publishes a payload; nothing if the payload is too long for a frame.
    pub(super) fn frame(&self, to: Option<NodeId>, payload: &[u8]) -> Vec<u8> {
        let publish = Publish { channel: self.channel.borrowed(), to, payload };
        RelayMessage::Publish(publish).to_frame().unwrap_or_default()
    }
}

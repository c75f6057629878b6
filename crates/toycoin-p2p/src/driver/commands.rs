//! What the node tells its mesh.

use bytes::Bytes;
use libp2p::gossipsub::PublishError;
use toycoin_node::rt::MeshCommand;

use super::Driver;

impl Driver {
    pub(super) fn on_command(&mut self, command: MeshCommand) {
        match command {
            MeshCommand::Say { to: None, payload, .. } => self.publish(&payload),
            MeshCommand::Say { answers: Some(question), payload, .. } => {
                self.note_own_status(&payload);
                self.answer(question, payload);
            }
            MeshCommand::Say { to: Some(peer), answers: None, payload } => {
                self.note_own_status(&payload);
                if let Some(peer) = self.peers.named(peer) {
                    self.ask(&peer, payload);
                }
            }
            MeshCommand::End(question) => self.end(question),
            MeshCommand::Judge(ticket, judgement) => self.judge(ticket, judgement),
            MeshCommand::Shun { peer, time } => {
                if let Some(peer) = self.peers.once_named(peer) {
                    self.shun(&peer, time);
                }
            }
        }
    }

    fn publish(&mut self, payload: &Bytes) {
        let Some(topic) = self.topics.of(payload).cloned() else {
            tracing::debug!("a payload of {} bytes has no topic, and is not published", payload.len());
            return;
        };
        match self.swarm.behaviour_mut().gossip.publish(topic, payload.to_vec()) {
            Ok(_) => self.shared.published.count(),
            // it is known here already, or nobody listens so far
            Err(PublishError::Duplicate | PublishError::NoPeersSubscribedToTopic) => {}
            Err(error) => tracing::debug!("a payload of {} bytes is not published: {error}", payload.len()),
        }
    }
}

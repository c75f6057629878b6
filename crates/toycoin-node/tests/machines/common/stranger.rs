//! Somebody on a relay who is no node.

use std::{collections::VecDeque, time::Duration};

use toycoin_node::{
    client::{ClientEvent, RelayClient},
    machine::Now,
    protocol::{Input, Output},
    relay::ConnectionId,
};
use toycoin_wire::{
    Channel,
    node::{NodeMessage, Payload, Status},
};

/// How a stranger answers what it is asked.
pub(crate) type Answers = Box<dyn FnMut(&NodeMessage) -> Vec<NodeMessage>>;

/// Somebody on the relays who is no node: claims the work of a status, again and again, and answers as it likes.
pub(crate) struct Stranger {
    pub(crate) client: Option<RelayClient>,
    pub(crate) connection: ConnectionId,
    pub(crate) claim: Status,
    pub(crate) answers: Answers,
    pub(crate) next_claim: Option<Duration>,
    pub(crate) outputs: VecDeque<Output>,
}

impl Stranger {
    pub(crate) fn handle(&mut self, now: Now, elapsed: Duration, input: &Input<'_>) {
        let Some(client) = &mut self.client else { return };
        let mut said = Vec::new();
        match input {
            Input::Received { bytes, .. } => {
                let (answers, claim, next_claim) = (&mut self.answers, &self.claim, &mut self.next_claim);
                let own = client.node_id();
                let result = client.handle_bytes(now, bytes, &mut |event| match event {
                    ClientEvent::Ready => {
                        said.push((None, NodeMessage::Status(claim.clone())));
                        *next_claim = Some(elapsed + CLAIM_INTERVAL);
                    }
                    ClientEvent::Delivered { from, payload, .. } if from != own => {
                        let Ok(Payload::Message(message)) = NodeMessage::decode(payload) else { return };
                        if matches!(&message, NodeMessage::Status(said) if said.work < claim.work) {
                            said.push((Some(from), NodeMessage::Status(claim.clone())));
                        }
                        said.extend(answers(&message).into_iter().map(|answer| (Some(from), answer)));
                    }
                    _ => {}
                });
                result.expect("a relay in order");
            }
            Input::Timeout => {
                client.handle_timeout(now).expect("a relay in order");
                if self.next_claim.take_if(|at| *at <= elapsed).is_some() {
                    self.next_claim = Some(elapsed + CLAIM_INTERVAL);
                    said.push((None, NodeMessage::Status(self.claim.clone())));
                }
            }
            _ => {}
        }
        let connection = self.connection;
        self.outputs.extend(client.take_output().map(|bytes| Output::Send { connection, bytes }));
        let channel = "/topic/main".parse::<Channel>().expect("a good name");
        for (to, message) in said {
            let bytes = client.publish(&channel, to, &message.encode().expect("within its cap")).expect("small enough");
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }
}

/// How often a stranger says its status.
const CLAIM_INTERVAL: Duration = Duration::from_secs(2);

//! Carries a mesh between nodes of one process, without sockets: gossip goes to every neighbour once it is judged, and a
//! question gets its answers. It counts what it carried.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use bytes::Bytes;
use toycoin_node::{
    MeshCommand, MeshEnd, MeshEvent, MeshPort, mesh_port,
    protocol::{Direction, Judgement, QuestionId, Ticket, Via},
};
use toycoin_wire::NodeId;

/// What was carried.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) judged: Vec<Judgement>,
    pub(crate) questions: usize,
    /// Who was shunned, by the places of both.
    pub(crate) shunned: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Carrier {
    ends: Vec<MeshEnd>,
    /// What each node has seen, so that it hears nothing twice.
    seen: Vec<BTreeSet<Bytes>>,
    tickets: BTreeMap<Ticket, (usize, Bytes)>,
    /// Who asked each question, and who answers it.
    questions: BTreeMap<QuestionId, (usize, usize)>,
    given: u64,
    carried: Arc<Mutex<Carried>>,
}

fn id(place: usize) -> NodeId {
    NodeId::new([u8::try_from(place).expect("a few nodes") + 1; 16])
}

/// Returns ports for that many nodes, who are all neighbours, and what is carried between them. The task runs until the
/// runtime ends.
///
/// # Panics
/// Outside of a tokio runtime.
pub(crate) fn mesh(nodes: usize) -> (Vec<MeshPort>, Arc<Mutex<Carried>>) {
    let (ports, ends) = (0..nodes).map(|_| mesh_port(4_096)).unzip();
    let carried = Arc::new(Mutex::new(Carried::default()));
    let carrier = Carrier {
        ends,
        seen: vec![BTreeSet::new(); nodes],
        tickets: BTreeMap::new(),
        questions: BTreeMap::new(),
        given: 0,
        carried: Arc::clone(&carried),
    };
    tokio::spawn(carrier.run());
    (ports, carried)
}

impl Carrier {
    async fn run(mut self) {
        for one in 0..self.ends.len() {
            self.tell(one, MeshEvent::Up);
            for other in (0..self.ends.len()).filter(|other| *other != one) {
                let direction = if one < other { Direction::Outbound } else { Direction::Inbound };
                self.tell(one, MeshEvent::Joined { peer: id(other), direction, address: format!("node {other}") });
            }
        }
        loop {
            let (node, command) = next(&mut self.ends).await;
            self.carry(node, command);
        }
    }

    fn tell(&self, node: usize, event: MeshEvent) {
        // a node that has ended hears nothing
        let _ = self.ends[node].try_tell(event);
    }

    fn place_of(&self, peer: NodeId) -> usize {
        (0..self.ends.len()).find(|place| id(*place) == peer).expect("one of the nodes")
    }

    fn carry(&mut self, node: usize, command: MeshCommand) {
        self.given += 1;
        match command {
            MeshCommand::Say { to: None, payload, .. } => {
                self.seen[node].insert(payload.clone());
                self.gossip(node, &payload);
            }
            MeshCommand::Say { answers: Some(question), payload, .. } => {
                let Some((asker, _)) = self.questions.get(&question).copied() else { return };
                self.tell(asker, MeshEvent::Heard { from: id(node), via: Via::Answer, payload });
            }
            MeshCommand::Say { to: Some(peer), answers: None, payload } => {
                let (question, answerer) = (QuestionId(self.given), self.place_of(peer));
                self.questions.insert(question, (node, answerer));
                self.carried.lock().expect("no thread panicked").questions += 1;
                self.tell(answerer, MeshEvent::Heard { from: id(node), via: Via::Question(question), payload });
            }
            MeshCommand::End(question) => {
                self.questions.remove(&question).expect("a question ends once");
            }
            MeshCommand::Judge(ticket, judgement) => {
                let (judge, payload) = self.tickets.remove(&ticket).expect("a ticket is judged once");
                assert_eq!(judge, node);
                self.carried.lock().expect("no thread panicked").judged.push(judgement);
                if judgement == Judgement::Accept {
                    self.gossip(node, &payload);
                }
            }
            MeshCommand::Shun { peer, .. } => {
                let shunned = (node, self.place_of(peer));
                self.carried.lock().expect("no thread panicked").shunned.push(shunned);
            }
        }
    }

    /// Tells a message to all neighbours that have not seen it.
    fn gossip(&mut self, from: usize, payload: &Bytes) {
        for to in (0..self.ends.len()).filter(|to| *to != from) {
            if self.seen[to].insert(payload.clone()) {
                self.given += 1;
                let ticket = Ticket(self.given);
                self.tickets.insert(ticket, (to, payload.clone()));
                self.tell(to, MeshEvent::Heard { from: id(from), via: Via::Gossip(ticket), payload: payload.clone() });
            }
        }
    }
}

/// Returns the next command of any node. Ends of nodes that have ended say nothing.
async fn next(ends: &mut [MeshEnd]) -> (usize, MeshCommand) {
    poll_fn(|context| {
        for (node, end) in ends.iter_mut().enumerate() {
            if let Poll::Ready(Some(command)) = pin!(end.next()).poll(context) {
                return Poll::Ready((node, command));
            }
        }
        Poll::Pending
    })
    .await
}

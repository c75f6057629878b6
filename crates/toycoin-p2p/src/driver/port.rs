//! The way to the node: what cannot be told at once waits here, in order.

use std::collections::VecDeque;

use bytes::Bytes;
use toycoin_node::{
    protocol::{Direction, Missed, Unanswered, Via},
    rt::{Full, MeshEvent, MeshTeller},
};
use toycoin_wire::NodeId;

use crate::limits::{MAX_WAITING_ANSWERS, MAX_WAITING_MISSES, WAITING_MISSES_SHARE};

/// The node's ear, and what waits for it.
///
/// That a peer has joined or left is never lost. There is at most one of each per peer, since a peer that leaves before
/// the node has heard of it is not mentioned at all. Answers wait up to a bound. Gossip and questions do not wait. That
/// a question of the node is not answered is never lost: there is one such event per question at most, and a node that
/// is behind asks nothing.
#[derive(Debug)]
pub(super) struct Port {
    teller: MeshTeller,
    waiting: VecDeque<MeshEvent>,
    waiting_bytes: usize,
}

impl Port {
    pub(super) const fn new(teller: MeshTeller) -> Self {
        Self { teller, waiting: VecDeque::new(), waiting_bytes: 0 }
    }

    pub(super) fn up(&mut self) {
        self.push(MeshEvent::Up);
    }

    pub(super) fn joined(&mut self, peer: NodeId, direction: Direction, address: String) {
        self.push(MeshEvent::Joined { peer, direction, address });
    }

    pub(super) fn left(&mut self, peer: NodeId) {
        let joined = |event: &MeshEvent| matches!(event, MeshEvent::Joined { peer: other, .. } if *other == peer);
        let Some(place) = self.waiting.iter().position(joined) else {
            self.push(MeshEvent::Left { peer });
            return;
        };
        // the node has not heard of it, and does not hear of it any more
        let mut index = 0;
        self.waiting.retain(|event| {
            let after = index >= place;
            index += 1;
            let of_peer = match event {
                MeshEvent::Joined { peer: other, .. } => *other == peer,
                MeshEvent::Unanswered { from, .. } | MeshEvent::Missed { from, .. } => *from == peer,
                MeshEvent::Heard { from, payload, .. } if *from == peer => {
                    if after {
                        self.waiting_bytes -= payload.len();
                    }
                    true
                }
                _ => false,
            };
            !(after && of_peer)
        });
    }

    /// Tells the node a gossiped message or a question, which do not wait.
    pub(super) fn hear(&mut self, from: NodeId, via: Via, payload: Bytes) -> Result<(), Full> {
        self.flush();
        if self.waits() {
            return Err(Full);
        }
        self.teller.try_tell(MeshEvent::Heard { from, via, payload })
    }

    /// Tells the node an answer, which waits if the node is behind.
    pub(super) fn answer(&mut self, from: NodeId, payload: Bytes) -> Result<(), Full> {
        if self.waits() && self.waiting_bytes + payload.len() > MAX_WAITING_ANSWERS {
            return Err(Full);
        }
        self.push(MeshEvent::Heard { from, via: Via::Answer, payload });
        Ok(())
    }

    /// Tells the node what it does not hear of a neighbour's gossip. That waits up to a bound, of which each neighbour
    /// has its share.
    pub(super) fn missed(&mut self, from: NodeId, what: Missed) {
        let of = |event: &MeshEvent| match event {
            MeshEvent::Missed { from, .. } => Some(*from),
            _ => None,
        };
        let (mut of_all, mut of_peer) = (0, 0);
        for peer in self.waiting.iter().filter_map(of) {
            of_all += 1;
            of_peer += usize::from(peer == from);
        }
        let free = MAX_WAITING_MISSES.saturating_sub(of_all);
        if free > 0 && of_peer < (free / WAITING_MISSES_SHARE).max(1) {
            self.push(MeshEvent::Missed { from, what });
        }
    }

    /// Tells the node that a question is not answered, or not wholly.
    pub(super) fn unanswered(&mut self, from: NodeId, question: Bytes, why: Unanswered) {
        self.push(MeshEvent::Unanswered { from, question, why });
    }

    /// Tells the node the end. It is lost if the node is behind.
    pub(super) fn down(&mut self, reason: String) {
        self.flush();
        let _ = self.teller.try_tell(MeshEvent::Down { reason });
    }

    /// Returns whether something waits.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits until the node has room.
    pub(super) async fn room(&self) {
        self.teller.ready().await;
    }

    /// Tells what waits, as far as there is room.
    pub(super) fn flush(&mut self) {
        while let Some(event) = self.waiting.front() {
            if self.teller.try_tell(event.clone()).is_err() {
                return;
            }
            if let Some(MeshEvent::Heard { payload, .. }) = self.waiting.pop_front() {
                self.waiting_bytes -= payload.len();
            }
        }
    }

    fn push(&mut self, event: MeshEvent) {
        if let MeshEvent::Heard { payload, .. } = &event {
            self.waiting_bytes += payload.len();
        }
        self.waiting.push_back(event);
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use toycoin_node::{protocol::Ticket, rt::mesh_port};

    use super::*;

    const A: NodeId = NodeId::new([1; 16]);
    const B: NodeId = NodeId::new([2; 16]);

    #[tokio::test]
    async fn joined_and_left_wait_in_order_and_cancel_out() {
        let (mut node, end) = mesh_port(1);
        let mut port = Port::new(end.split().0);
        port.up();
        port.joined(A, Direction::Inbound, "a".into());
        port.joined(B, Direction::Outbound, "b".into());
        port.answer(A, Bytes::from_static(b"STAT")).unwrap();
        assert_eq!(port.hear(B, Via::Gossip(Ticket(1)), Bytes::new()), Err(Full), "others wait already");
        port.left(A);
        port.left(B);
        port.joined(B, Direction::Inbound, "b again".into());
        assert_eq!(node.next_event().await, Some(MeshEvent::Up));
        port.flush();
        assert_eq!(
            node.next_event().await,
            Some(MeshEvent::Joined { peer: B, direction: Direction::Inbound, address: "b again".into() })
        );
        assert!(!port.waits());
        assert_eq!(port.waiting_bytes, 0);
        port.left(B);
        assert_eq!(node.next_event().await, Some(MeshEvent::Left { peer: B }));
    }

    #[tokio::test]
    async fn missed_gossip_waits_up_to_each_share() {
        let (mut node, end) = mesh_port(1);
        let mut port = Port::new(end.split().0);
        port.up();
        let missed = Missed::Transaction(toycoin_core::Txid::ZERO);
        for _ in 0..MAX_WAITING_MISSES {
            port.missed(A, missed.clone());
        }
        let of_one = port.waiting.len();
        assert!(of_one < MAX_WAITING_MISSES / WAITING_MISSES_SHARE);
        port.missed(B, missed.clone());
        assert_eq!(port.waiting.len(), of_one + 1);
        for number in 0..=255 {
            (0..MAX_WAITING_MISSES).for_each(|_| port.missed(NodeId::new([number; 16]), missed.clone()));
        }
        assert_eq!(port.waiting.len(), MAX_WAITING_MISSES);
        node.next_event().await.unwrap();
        port.flush();
        assert_eq!(node.next_event().await, Some(MeshEvent::Missed { from: A, what: missed }));
    }

    #[tokio::test]
    async fn answers_wait_up_to_a_bound() {
        let (mut node, end) = mesh_port(1);
        let mut port = Port::new(end.split().0);
        port.up();
        let half = Bytes::from(vec![0; MAX_WAITING_ANSWERS / 2]);
        assert!(port.answer(A, half.clone()).is_ok());
        assert!(port.answer(A, half.clone()).is_ok());
        assert_eq!(port.answer(A, half), Err(Full));
        node.next_event().await.unwrap();
        port.flush();
        assert!(port.answer(A, Bytes::from_static(b"STAT")).is_ok());
    }
}

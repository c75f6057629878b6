//! Carriers whose nodes are played by the test.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod attacker;
pub(crate) mod rpc;
pub(crate) mod victim;

use std::{future::Future, net::SocketAddr, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;
use toycoin_core::ChainParams;
use toycoin_node::{
    peering::{Endpoint, PeerAddress},
    protocol::{Judgement, QuestionId, Ticket, Via},
    rt::{MeshCommand, MeshEvent, MeshPort, mesh_port},
};
use toycoin_p2p::{Config, Handle, ListenAddress, node_id, start};
use toycoin_wire::NodeId;

/// Longest time that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A carrier, and the port of the node that is played.
pub(crate) struct Played {
    pub(crate) port: MeshPort,
    pub(crate) mesh: Handle,
}

/// Returns the configuration of a carrier that listens on loopback.
pub(crate) fn config() -> Config {
    let listen: ListenAddress = "/ip4/127.0.0.1/tcp/0".parse().expect("a multiaddr");
    Config::new(&ChainParams::regtest()).listen(listen)
}

/// Returns an address at which whoever answers is right.
pub(crate) fn anybody_at(address: SocketAddr) -> PeerAddress {
    PeerAddress { endpoint: Endpoint::new(address.ip(), address.port()).expect("a port"), peer: None }
}

/// Waits for something that must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    soon(what, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

impl Played {
    pub(crate) async fn start(config: Config) -> Self {
        let (port, end) = mesh_port(1_024);
        let mesh = start(config, end).await.expect("it starts");
        Self { port, mesh }
    }

    pub(crate) fn name(&self) -> NodeId {
        node_id(self.mesh.peer_id())
    }

    pub(crate) fn address(&self) -> PeerAddress {
        self.mesh.listening().first().cloned().expect("it listens")
    }

    /// Returns the next event.
    pub(crate) async fn next(&mut self) -> MeshEvent {
        soon("an event", self.port.next_event()).await.expect("the carrier runs")
    }

    /// Waits until a peer has joined; other events are lost.
    pub(crate) async fn joined(&mut self, peer: NodeId) {
        while !matches!(self.next().await, MeshEvent::Joined { peer: other, .. } if other == peer) {}
    }

    /// Waits until a peer has left; other events are lost.
    pub(crate) async fn left(&mut self, peer: NodeId) {
        while self.next().await != (MeshEvent::Left { peer }) {}
    }

    /// Waits for a gossiped message, and returns its ticket.
    pub(crate) async fn gossip(&mut self) -> (NodeId, Ticket, Bytes) {
        loop {
            if let MeshEvent::Heard { from, via: Via::Gossip(ticket), payload } = self.next().await {
                return (from, ticket, payload);
            }
        }
    }

    /// Waits for a question, and returns its id.
    pub(crate) async fn question(&mut self) -> (NodeId, QuestionId, Bytes) {
        loop {
            if let MeshEvent::Heard { from, via: Via::Question(question), payload } = self.next().await {
                return (from, question, payload);
            }
        }
    }

    /// Waits for a frame of an answer.
    pub(crate) async fn answer(&mut self) -> (NodeId, Bytes) {
        loop {
            if let MeshEvent::Heard { from, via: Via::Answer, payload } = self.next().await {
                return (from, payload);
            }
        }
    }

    pub(crate) fn publish(&self, payload: impl Into<Bytes>) {
        self.port.tell(MeshCommand::Say { to: None, answers: None, payload: payload.into() });
    }

    pub(crate) fn ask(&self, peer: NodeId, payload: impl Into<Bytes>) {
        self.port.tell(MeshCommand::Say { to: Some(peer), answers: None, payload: payload.into() });
    }

    pub(crate) fn answer_with(&self, to: NodeId, question: QuestionId, frames: &[&'static [u8]]) {
        for frame in frames {
            let payload = Bytes::from_static(frame);
            self.port.tell(MeshCommand::Say { to: Some(to), answers: Some(question), payload });
        }
        self.port.tell(MeshCommand::End(question));
    }

    pub(crate) fn judge(&self, ticket: Ticket, judgement: Judgement) {
        self.port.tell(MeshCommand::Judge(ticket, judgement));
    }

    /// Waits until this many peers gossip with it.
    pub(crate) async fn gossips_with(&self, peers: usize) {
        until("neighbours", async || self.mesh.peers().await.iter().filter(|peer| peer.gossips).count() >= peers).await;
    }
}

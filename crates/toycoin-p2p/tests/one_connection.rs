//! Two carriers that dial each other keep one connection, in whatever order their dials arrive.

mod common;
#[path = "../../toycoin-node/tests/sockets/reserved_port.rs"]
mod reserved_port;

use std::time::Duration;

use toycoin_node::{protocol::Direction, rt::MeshEvent};
use toycoin_p2p::Config;

use self::{
    common::{Played, anybody_at, config, soon, until},
    reserved_port::{Forwarder, ReservedPort},
};

/// Two carriers, each of which has dialled the other. Neither dial is answered before its way is opened.
///
/// Neither carrier knows before who answers at the other's address, so it makes a dial again that has failed.
struct Crossing {
    /// The carrier with the lower peer id.
    low: Played,
    high: Played,
    to_low: Forwarder,
    to_high: Forwarder,
}

impl Crossing {
    async fn new() -> Self {
        Self::of(config).await
    }

    /// Returns two carriers whose connections cross no other one, however young they are.
    async fn that_comes_too_late() -> Self {
        Self::of(|| config().max_crossing(Duration::ZERO)).await
    }

    async fn of(config: impl Fn() -> Config) -> Self {
        let [mut to_first, mut to_second] = [(); 2].map(|()| ReservedPort::new().listen());
        let first = Played::start(config().peer(anybody_at(to_second.address()))).await;
        let second = Played::start(config().peer(anybody_at(to_first.address()))).await;
        soon("the first one's dial", to_second.accepted()).await;
        soon("the second one's dial", to_first.accepted()).await;
        if first.mesh.peer_id() < second.mesh.peer_id() {
            Self { low: first, high: second, to_low: to_first, to_high: to_second }
        } else {
            Self { low: second, high: first, to_low: to_second, to_high: to_first }
        }
    }

    /// Lets the dial of the carrier with the higher peer id through.
    fn open_to_low(&self) {
        self.to_low.forward_to(self.low.address().endpoint.to_socket_addr());
    }

    /// Lets the dial of the carrier with the lower peer id through.
    fn open_to_high(&self) {
        self.to_high.forward_to(self.high.address().endpoint.to_socket_addr());
    }

    async fn joined(&mut self) {
        let (low, high) = (self.low.name(), self.high.name());
        self.low.joined(high).await;
        self.high.joined(low).await;
    }

    /// Returns whether there is one connection, which the carrier with the lower peer id has dialled.
    async fn low_has_dialled(&self) -> bool {
        let [low_sees, high_sees] = [self.low.mesh.peers().await, self.high.mesh.peers().await]
            .map(|peers| peers.iter().map(|peer| peer.direction).collect::<Vec<_>>());
        (low_sees, high_sees) == (vec![Direction::Outbound], vec![Direction::Inbound])
    }
}

/// Asks a question, which a connection that was never lost carries.
async fn is_heard_without_a_break(asker: &Played, asked: &mut Played) {
    asker.ask(asked.name(), &b"STATstill"[..]);
    loop {
        match asked.next().await {
            MeshEvent::Heard { payload, .. } if payload == b"STATstill"[..] => return,
            event => assert!(!matches!(event, MeshEvent::Left { .. }), "the old connection is gone"),
        }
    }
}

#[tokio::test]
async fn dials_that_cross_leave_one_connection() {
    let crossing = Crossing::new().await;
    crossing.open_to_low();
    crossing.open_to_high();
    until("the connection that stays", async || crossing.low_has_dialled().await).await;
}

#[tokio::test]
async fn late_dial_of_the_lower_id_takes_over() {
    let mut crossing = Crossing::new().await;
    crossing.open_to_low();
    crossing.joined().await;
    assert!(!crossing.low_has_dialled().await);
    crossing.open_to_high();
    until("the connection that stays", async || crossing.low_has_dialled().await).await;
}

#[tokio::test]
async fn late_dial_of_the_higher_id_is_refused() {
    let mut crossing = Crossing::new().await;
    crossing.open_to_high();
    crossing.joined().await;
    crossing.open_to_low();
    until("a refusal", async || crossing.low.mesh.counters().refused > 0).await;
    assert!(crossing.low_has_dialled().await);
}

/// A stranger may name an address that leads to a peer which is connected already. The dial there costs nobody anything.
#[tokio::test]
async fn dial_after_a_crossing_leaves_the_old_connection() {
    let mut crossing = Crossing::that_comes_too_late().await;
    crossing.open_to_low();
    crossing.joined().await;
    crossing.open_to_high();
    until("a refusal", async || crossing.high.mesh.counters().refused > 0).await;
    let Crossing { low, high, .. } = &mut crossing;
    is_heard_without_a_break(high, low).await;
    is_heard_without_a_break(low, high).await;
    assert!(!crossing.low_has_dialled().await);
}

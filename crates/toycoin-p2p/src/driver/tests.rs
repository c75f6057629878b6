use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use toycoin_core::ChainParams;
use toycoin_node::{
    peering::{Peering, PeeringConfig},
    protocol::Via,
    rt::{MeshCommand, MeshEvent, MeshPort, mesh_port},
};
use toycoin_wire::node::{NodeMessage, Payload, Status};

use super::*;
use crate::{Config, ListenAddress, behaviour::swarm, identity, names::from_libp2p, start};

/// Returns a driver that does not run so far, and its requests.
fn driver(config: &Config) -> (Driver, MeshPort, mpsc::Sender<Request>) {
    let (port, end) = mesh_port(64);
    let mut swarm = swarm(identity::draw().unwrap(), config).unwrap();
    let clock = Clock::start();
    let peering = PeeringConfig {
        seed: [7; 32],
        own: from_libp2p(swarm.local_peer_id()),
        listen: Vec::new(),
        peers: Vec::new(),
        outbound: 8,
        max_inbound: 0,
        trust_only: false,
        count_local_groups: false,
        anchors: true,
    };
    swarm.behaviour_mut().gate.open(Peering::new(peering, "", clock.now()));
    let (requests, receiver) = mpsc::channel(1);
    let names = config.names.clone();
    let driver = Driver::new(swarm, clock, Arc::default(), names, end, receiver, Saver::new(None));
    (driver, port, requests)
}

async fn next(port: &mut MeshPort) -> MeshEvent {
    timeout(Duration::from_secs(60), port.next_event()).await.expect("an event").expect("the carrier runs")
}

#[tokio::test]
async fn feeler_says_our_status_and_parts() {
    let params = ChainParams::regtest();
    let (mut found, end) = mesh_port(64);
    let listen: ListenAddress = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
    let mesh = start(Config::new(&params).listen(listen), end).await.unwrap();
    let (mut feeling, mut own, _requests) = driver(&Config::new(&params));
    let genesis = params.genesis_hash();
    let ours = Status { genesis, tip: genesis, height: 7, work: [1; 32], time: 0 };
    let status: Bytes = NodeMessage::Status(ours.clone()).encode().unwrap().into();
    feeling.note_own_status(&status);
    let address = mesh.listening().first().cloned().unwrap();
    feeling.dial(address, Role::Feeler);
    tokio::spawn(feeling.run());

    assert_eq!(next(&mut found).await, MeshEvent::Up);
    let MeshEvent::Joined { peer, .. } = next(&mut found).await else { panic!("nobody has joined") };
    let MeshEvent::Heard { from, via: Via::Question(question), payload } = next(&mut found).await else {
        panic!("it says nothing")
    };
    assert_eq!(from, peer);
    let Ok(Payload::Message(NodeMessage::Status(said))) = NodeMessage::decode(&payload) else { panic!("{payload:?}") };
    assert!(said.time > 0, "it is said now");
    assert_eq!(Status { time: 0, ..said }, ours);
    // meanwhile the node may ask it something, which is nobody's question
    found.tell(MeshCommand::Say { to: Some(peer), answers: None, payload: status.clone() });
    found.tell(MeshCommand::Say { to: Some(peer), answers: Some(question), payload: status });
    found.tell(MeshCommand::End(question));
    assert_eq!(next(&mut found).await, MeshEvent::Left { peer });
    // the feeler's own node hears of nothing
    assert_eq!(next(&mut own).await, MeshEvent::Up);
    assert!(timeout(Duration::from_millis(1), own.next_event()).await.is_err());
}

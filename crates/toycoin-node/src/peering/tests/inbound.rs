use super::*;

fn inbound(ip: [u8; 4], number: u16) -> PeerAddress {
    at(ip, 10_000 + number)
}

#[test]
fn full_slots_evict_one_for_another() {
    let mut stage = Stage::new(PeeringConfig::default());
    for number in 0..117 {
        stage.wait(1);
        assert!(stage.connect(&node(number), Role::Inbound).is_empty());
    }
    assert_eq!(stage.peering.may_accept([99, 1, 1, 1].into()), Ok(()), "another one will go");
    for number in 200..230 {
        stage.wait(1);
        let outputs = stage.connect(&node(number), Role::Inbound);
        assert_eq!(dropped(&outputs).len(), 1);
        assert!(stage.is_connected(&node(number)));
        assert_eq!(stage.peering.connected().count(), 117);
    }
    for number in 0..50 {
        assert!(stage.is_connected(&node(number)), "the oldest stay");
    }
}

#[test]
fn one_group_cannot_take_all_inbound_slots() {
    let mut stage = Stage::new(PeeringConfig { count_local_groups: true, ..PeeringConfig::default() });
    let mut refused = 0;
    for number in 0..200_u16 {
        let [_, low] = number.to_be_bytes();
        let outputs = stage.connect(&inbound([127, 1, 0, low], number), Role::Inbound);
        refused += dropped(&outputs).len();
    }
    assert_eq!((stage.peering.connected().count(), refused), (32, 168));
    assert_eq!(stage.peering.may_accept([127, 1, 9, 9].into()), Err(Refusal::FullGroup));
    assert_eq!(stage.peering.may_accept([127, 2, 0, 1].into()), Ok(()));
}

#[test]
fn bringers_and_near_peers_survive_a_crowd() {
    let mut stage = Stage::new(PeeringConfig { max_inbound: 40, ..PeeringConfig::default() });
    for number in 0..40 {
        stage.wait(1);
        stage.connect(&node(number), Role::Inbound);
    }
    let peer = |number| node(number).peer.unwrap();
    stage.input(PeeringInput::BroughtBlock { peer: peer(39) });
    stage.input(PeeringInput::BroughtTransaction { peer: peer(38) });
    stage.input(PeeringInput::Pinged { peer: peer(37), took: Duration::from_millis(1) });
    stage.input(PeeringInput::Pinged { peer: peer(37), took: Duration::from_secs(9) });
    for number in 100..400 {
        stage.wait(1);
        stage.connect(&node(number), Role::Inbound);
    }
    for number in 37..40 {
        assert!(stage.is_connected(&node(number)), "{number}");
    }
    assert_eq!(stage.peering.connected().count(), 40);
}

#[test]
fn a_node_may_accept_nobody() {
    let mut stage = Stage::new(PeeringConfig { max_inbound: 0, ..PeeringConfig::default() });
    assert_eq!(stage.peering.may_accept([127, 0, 0, 1].into()), Err(Refusal::NoInbound));
    assert_eq!(dropped(&stage.connect(&node(1), Role::Inbound)).len(), 1);
    assert_eq!(stage.peering.connected().count(), 0);
}

#[test]
fn a_second_connection_of_a_peer_changes_nothing() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.connect(&node(1), Role::Inbound);
    let before: Vec<_> = stage.peering.connected().collect();
    stage.hear([20, 200, 1, 1], &[PeerAddress { peer: None, ..node(1) }]);
    assert_eq!(stage.peering.dialling(), 1);
    assert!(stage.connect(&node(1), Role::Outbound).is_empty());
    assert_eq!(stage.peering.connected().collect::<Vec<_>>(), before);
    assert_eq!((stage.peering.dialling(), stage.peering.tried()), (0, 1));
    // its id is known now: it is not dialled while it is connected
    assert!(dials(&stage.wait(1_000), Role::Outbound).is_empty());
    stage.gone(&node(1));
    assert_eq!(stage.peering.dialling(), 1);
}

#[test]
fn muted_peers_are_closed_refused_and_not_dialled() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.hear([20, 200, 1, 1], &[node(1)]);
    stage.connect(&node(1), Role::Outbound);
    let peer = node(1).peer.unwrap();
    let outputs = stage.input(PeeringInput::Shunned { peer: peer.clone(), time: Duration::from_secs(300) });
    assert_eq!(dropped(&outputs), std::slice::from_ref(&peer));
    stage.gone(&node(1));
    assert_eq!(stage.peering.may_connect(&peer), Err(Refusal::Shunned));
    assert!(dials(&stage.wait(299), Role::Outbound).is_empty());
    assert_eq!(dropped(&stage.connect(&node(1), Role::Inbound)), std::slice::from_ref(&peer));
    assert_eq!(dials(&stage.wait(1), Role::Outbound), [node(1)], "as soon as the mute ends");
    assert_eq!(stage.peering.may_connect(&peer), Ok(()));
}

#[test]
fn trust_only_connects_to_the_list_alone() {
    let peers = vec![node(1), PeerAddress { peer: None, ..node(2) }];
    let mut stage = Stage::new(PeeringConfig { peers, trust_only: true, ..PeeringConfig::default() });
    assert_eq!(dials(&stage.wait(0), Role::Outbound).len(), 2);
    assert!(stage.hear([20, 200, 1, 1], &[node(5)]).is_empty());
    assert_eq!(stage.peering.known(), 0);
    let stranger = node(6).peer.unwrap();
    // while anybody may answer at the second address, only `Connected` can tell
    assert_eq!(stage.peering.may_connect(&stranger), Ok(()));
    assert_eq!(dropped(&stage.connect(&node(6), Role::Inbound)), std::slice::from_ref(&stranger));
    assert!(stage.connect(&node(2), Role::Outbound).is_empty(), "and nobody is asked for addresses");
    assert_eq!(stage.peering.may_connect(&stranger), Err(Refusal::NotTrusted));
    assert_eq!(stage.peering.may_connect(&node(1).peer.unwrap()), Ok(()));
    assert!(stage.connect(&node(1), Role::Inbound).is_empty());
    assert_eq!(stage.peering.connected().count(), 2);
}

use toycoin_wire::node::NodeAddress;

use super::*;

fn told(stage: &mut Stage, asker: &PeerAddress) -> Vec<NodeAddress> {
    stage.peering.addresses_for(asker.peer.as_ref().unwrap())
}

fn contains(told: &[NodeAddress], address: &PeerAddress) -> bool {
    told.iter().any(|other| Some(other.peer.as_slice()) == address.peer.as_ref().map(PeerId::as_bytes))
}

#[test]
fn only_who_dialled_us_is_told_and_only_once() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.hear([20, 200, 1, 1], &[node(1), node(2)]);
    stage.connect(&node(1), Role::Outbound);
    stage.connect(&node(3), Role::Inbound);
    assert!(told(&mut stage, &node(1)).is_empty(), "we dialled it");
    assert!(told(&mut stage, &node(9)).is_empty(), "it is not connected");
    let first = told(&mut stage, &node(3));
    assert_eq!(first.len(), 1, "hearsay is not told");
    assert!(contains(&first, &node(1)));
    assert_eq!((first[0].port, first[0].seen), (25_001, START_HOUR - 2));
    assert!(told(&mut stage, &node(3)).is_empty());
    stage.gone(&node(3));
    stage.connect(&node(3), Role::Inbound);
    assert_eq!(told(&mut stage, &node(3)).len(), 1);
}

#[test]
fn an_owner_is_told_of_and_we_too_but_no_muted_peer() {
    let own = PeerId::from_bytes(&[9]).unwrap();
    let listen = ["/ip4/0.0.0.0/tcp/25001", "/ip4/10.0.0.1/tcp/25001", "/ip4/99.1.1.1/tcp/25001"];
    let listen = listen.map(|text| text.parse().unwrap()).to_vec();
    let mut stage = Stage::new(PeeringConfig { own: Some(own.clone()), listen, ..PeeringConfig::default() });
    for number in [1, 2, 3] {
        stage.hear([20, number, 1, 1], &[node(u16::from(number))]);
    }
    stage.input(PeeringInput::Shunned { peer: node(2).peer.unwrap(), time: Duration::from_secs(60) });
    stage.connect(&node(3), Role::Inbound);
    let answer = told(&mut stage, &node(3));
    assert!(contains(&answer, &node(1)) && !contains(&answer, &node(2)) && !contains(&answer, &node(3)));
    assert_eq!(answer.len(), 2);
    assert_eq!((answer[0].peer.as_slice(), answer[0].seen), (own.as_bytes(), START_HOUR));
    assert_eq!(answer[0].ip, core::net::Ipv4Addr::new(99, 1, 1, 1).to_ipv6_mapped().octets());
}

#[test]
fn at_most_64_random_addresses_are_told() {
    let mut answers = Vec::new();
    for seed in 0..2 {
        let mut stage = Stage::new(PeeringConfig { seed: [seed; 32], ..PeeringConfig::default() });
        for number in 0..200 {
            stage.hear([20, number, 1, 1], &[node(u16::from(number))]);
        }
        stage.connect(&node(1_000), Role::Inbound);
        answers.push(told(&mut stage, &node(1_000)));
    }
    assert!(answers.iter().all(|answer| answer.len() == 64));
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn who_returns_under_new_ids_reads_64_addresses_a_day() {
    let mut stage = Stage::new(PeeringConfig { outbound: 0, ..PeeringConfig::default() });
    let mut known = std::collections::BTreeSet::new();
    for number in 0..200 {
        stage.hear([20, number, 1, 1], &[node(u16::from(number))]);
    }
    let mut ask = |stage: &mut Stage, number: u16| {
        stage.connect(&node(number), Role::Inbound);
        let answer = told(stage, &node(number));
        stage.gone(&node(number));
        known.extend(answer.iter().map(|address| address.peer.clone()));
        (answer.len(), known.len())
    };
    for number in 1_000..1_100 {
        assert_eq!(ask(&mut stage, number), (64, 64));
    }
    stage.now.monotonic = stage.now.monotonic + limits::ADDRESS_DRAW_TIME;
    let (answer, known) = ask(&mut stage, 1_100);
    assert!(answer == 64 && known > 64, "another part on the next day");
}

#[test]
fn a_small_book_is_told_as_it_is_now() {
    let mut stage = Stage::new(PeeringConfig { outbound: 0, ..PeeringConfig::default() });
    let ask = |stage: &mut Stage| {
        stage.connect(&node(1_000), Role::Inbound);
        let answer = told(stage, &node(1_000));
        stage.gone(&node(1_000));
        answer
    };
    assert!(ask(&mut stage).is_empty(), "the first asker of a new network");
    for number in [1, 2, 3] {
        stage.hear([20, number, 1, 1], &[node(u16::from(number))]);
        assert!(contains(&ask(&mut stage), &node(u16::from(number))));
    }
    stage.input(PeeringInput::Shunned { peer: node(2).peer.unwrap(), time: Duration::from_secs(60) });
    let answer = ask(&mut stage);
    assert!(answer.len() == 2 && !contains(&answer, &node(2)), "it was drawn before it was muted");
}

#[test]
fn scopes_are_kept_apart() {
    let [home, lan, world] = [at([127, 0, 0, 1], 1), at([192, 168, 1, 1], 2), at([20, 1, 1, 1], 3)];
    // what each source may make us know
    for (source, known) in [([127, 0, 0, 2], 1), ([10, 0, 0, 1], 2), ([30, 1, 1, 1], 1)] {
        let mut stage = Stage::new(PeeringConfig::default());
        stage.hear(source, &[home.clone(), lan.clone(), world.clone()]);
        assert_eq!(stage.peering.known(), known, "{source:?}");
    }
    // what each asker is told
    let askers = [([127, 0, 0, 1], vec![1, 2, 3]), ([10, 0, 0, 1], vec![2, 3]), ([30, 1, 1, 1], vec![3])];
    for (ip, expected) in askers {
        let mut stage = Stage::new(PeeringConfig::default());
        for address in [&home, &lan, &world] {
            let core::net::IpAddr::V4(own) = address.endpoint.ip else { unreachable!() };
            stage.hear(own.octets(), std::slice::from_ref(address));
        }
        let asker = at(ip, 9);
        stage.connect(&asker, Role::Inbound);
        let mut ids: Vec<_> = told(&mut stage, &asker).iter().map(|address| address.peer[1]).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{ip:?}");
    }
}

#[test]
fn one_talker_fills_the_table_slowly() {
    let mut stage = Stage::new(PeeringConfig { outbound: 0, ..PeeringConfig::default() });
    let all: Vec<_> = (0..1_000).map(|number| node(10_000 + number % 10)).collect();
    stage.hear([20, 200, 1, 1], &all);
    let before = stage.peering.known();
    stage.hear([20, 200, 1, 1], &[node(1)]);
    assert_eq!(stage.peering.known(), before, "nothing is left of its 1,000");
    stage.hear([20, 201, 1, 1], &[node(1)]);
    assert_eq!(stage.peering.known(), before + 1);
    stage.now.monotonic = stage.now.monotonic + Duration::from_secs(10);
    stage.hear([20, 200, 1, 1], &[node(2), node(3)]);
    assert_eq!(stage.peering.known(), before + 2, "one more after 10 seconds");
}

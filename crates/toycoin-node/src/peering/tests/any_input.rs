use proptest::{collection::vec, prelude::*};

use super::*;

/// One step of a driver that does as it likes.
#[derive(Debug, Clone)]
enum Step {
    Hear(u8, Vec<(u8, u32)>),
    Connect(u8, u8, u8),
    /// Answers a dial that is in flight, with this peer or as failed.
    Answer(u8, Option<u8>),
    Fail(u8),
    IsSelf(u8),
    Gone(u8),
    Shun(u8, u64),
    Shows(u8, u8),
    Brought(u8, bool),
    Ping(u8, u64),
    Ask(u8),
    Wait(u64),
    /// The wall clock jumps.
    Jump(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let hour = prop_oneof![Just(START_HOUR), any::<u32>(), START_HOUR - 800..START_HOUR + 2];
    prop_oneof![
        4 => (any::<u8>(), vec((any::<u8>(), hour), 0..20)).prop_map(|(source, named)| Step::Hear(source, named)),
        4 => any::<(u8, u8, u8)>().prop_map(|(peer, address, role)| Step::Connect(peer, address, role)),
        8 => any::<(u8, Option<u8>)>().prop_map(|(which, peer)| Step::Answer(which, peer)),
        1 => any::<u8>().prop_map(Step::Fail),
        1 => any::<u8>().prop_map(Step::IsSelf),
        2 => any::<u8>().prop_map(Step::Gone),
        1 => any::<(u8, u64)>().prop_map(|(peer, seconds)| Step::Shun(peer, seconds)),
        1 => any::<(u8, u8)>().prop_map(|(peer, work)| Step::Shows(peer, work)),
        1 => any::<(u8, bool)>().prop_map(|(peer, block)| Step::Brought(peer, block)),
        1 => any::<(u8, u64)>().prop_map(|(peer, nanos)| Step::Ping(peer, nanos)),
        1 => any::<u8>().prop_map(Step::Ask),
        4 => (0..4_000u64).prop_map(Step::Wait),
        1 => any::<u64>().prop_map(Step::Jump),
    ]
}

/// Returns one of 64 addresses in 8 netgroups; a few are local, one is no address of a node.
fn endpoint(number: u8) -> Endpoint {
    let (group, host) = (number % 8, number / 8 % 8);
    let ip = match group {
        0 => [127, 0, 0, host],
        1 => [10, 0, 0, host],
        2 => [224, 0, 0, host],
        group => [20, group, 0, host],
    };
    Endpoint { ip: ip.into(), port: 25_001 }
}

fn peer(number: u8) -> PeerId {
    PeerId::from_bytes(&[number % 48]).unwrap()
}

fn config(seed: u8, trust_only: bool) -> PeeringConfig {
    let pinned = PeerAddress { endpoint: endpoint(3), peer: None };
    let (own, listen) = (Some(peer(0)), vec![endpoint(8)]);
    let base = PeeringConfig { seed: [seed; 32], own, listen, peers: vec![pinned], ..PeeringConfig::default() };
    PeeringConfig { outbound: 4, max_inbound: 12, trust_only, count_local_groups: seed & 1 == 1, ..base }
}

fn run(seed: u8, trust_only: bool, steps: &[Step]) -> (Vec<PeeringOutput>, String) {
    let mut stage = Stage::new(config(seed, trust_only));
    let mut outputs = Vec::new();
    let mut in_flight: Vec<(PeerAddress, Role)> = Vec::new();
    for step in steps {
        let input = match step.clone() {
            Step::Hear(source, named) => {
                let of = |(number, hour): (u8, u32)| {
                    let id = (number > 128).then(|| peer(number));
                    (PeerAddress { endpoint: endpoint(number), peer: id }, hour)
                };
                let addresses = named.into_iter().map(of).collect();
                PeeringInput::Heard { source: endpoint(source).ip, addresses }
            }
            Step::Connect(id, address, role) => {
                let role = [Role::Inbound, Role::Inbound, Role::Outbound, Role::Feeler][usize::from(role % 4)];
                PeeringInput::Connected { peer: peer(id), endpoint: endpoint(address), role }
            }
            Step::Answer(which, id) if !in_flight.is_empty() => {
                let (address, role) = in_flight.remove(usize::from(which) % in_flight.len());
                match id {
                    Some(id) => {
                        let peer = address.peer.unwrap_or_else(|| peer(id));
                        PeeringInput::Connected { peer, endpoint: address.endpoint, role }
                    }
                    None => PeeringInput::Failed { endpoint: address.endpoint },
                }
            }
            Step::Answer(..) => PeeringInput::Timeout,
            Step::Fail(number) => PeeringInput::Failed { endpoint: endpoint(number) },
            Step::IsSelf(number) => PeeringInput::IsSelf { endpoint: endpoint(number) },
            Step::Gone(id) => PeeringInput::Gone { peer: peer(id) },
            Step::Shun(id, seconds) => PeeringInput::Shunned { peer: peer(id), time: Duration::from_secs(seconds) },
            Step::Shows(id, shown) => PeeringInput::Shows { peer: peer(id), work: work(shown), ours: work(100) },
            Step::Brought(id, true) => PeeringInput::BroughtBlock { peer: peer(id) },
            Step::Brought(id, false) => PeeringInput::BroughtTransaction { peer: peer(id) },
            Step::Ping(id, nanos) => PeeringInput::Pinged { peer: peer(id), took: Duration::from_nanos(nanos) },
            Step::Ask(id) => {
                assert!(stage.peering.addresses_for(&peer(id)).len() <= 64);
                continue;
            }
            Step::Wait(seconds) => {
                stage.now.monotonic = stage.now.monotonic + Duration::from_secs(seconds);
                stage.now.unix_ms = stage.now.unix_ms.saturating_add(seconds * 1_000);
                PeeringInput::Timeout
            }
            Step::Jump(unix_ms) => {
                stage.now.unix_ms = unix_ms;
                PeeringInput::Timeout
            }
        };
        let said = stage.input(input);
        for output in &said {
            if let PeeringOutput::Dial { address, role } = output {
                assert_dial_is_right(&stage, address);
                in_flight.push((address.clone(), *role));
            }
        }
        outputs.extend(said);
        assert_bounds(&stage, trust_only);
    }
    (outputs, stage.peering.file())
}

fn assert_dial_is_right(stage: &Stage, address: &PeerAddress) {
    assert!(!stage.is_connected(address), "a peer that is connected");
    assert_ne!(address.endpoint, endpoint(8), "our own address");
    assert_ne!(address.peer, Some(peer(0)), "ourselves");
    if let Some(peer) = &address.peer {
        assert_ne!(stage.peering.may_connect(peer), Err(Refusal::Shunned), "a muted peer");
    }
}

fn assert_bounds(stage: &Stage, trust_only: bool) {
    let peering = &stage.peering;
    let connected: Vec<_> = peering.connected().collect();
    let count = |role| connected.iter().filter(|other| other.role == role).count();
    // the pinned peer may come on top
    assert!(count(Role::Outbound) <= 5 && count(Role::Inbound) <= 12 && count(Role::Feeler) == 0);
    assert!(peering.dialling() <= limits::DIALS_IN_FLIGHT && peering.known() <= 64 && peering.muted() <= 48);
    assert!(peering.own_endpoints.len() <= limits::OWN_ADDRESSES);
    for other in &connected {
        assert_eq!(connected.iter().filter(|same| same.peer == other.peer).count(), 1);
        assert_ne!(peering.may_connect(&other.peer), Err(Refusal::Shunned));
        assert_ne!(other.peer, peer(0));
    }
    for group in 3..8 {
        let in_group = |other: &&ConnectedPeer| {
            let ip = other.endpoint.ip;
            other.role == Role::Outbound
                && other.endpoint != endpoint(3)
                && ip.to_string().starts_with(&format!("20.{group}."))
        };
        assert!(connected.iter().filter(in_group).count() <= limits::OUTBOUND_PER_GROUP);
    }
    assert!(!trust_only || peering.known() <= 1);
}

/// Lines that nearly are addresses or mutes, and any others.
const ANY_FILE: &str = "(/ip4/[0-9.]{7,9}/tcp/[0-9]{1,5}( [0-9]{1,20}){0,4}( anchor)?\n|mute \\PC*\n|\\PC*\n){0,20}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_inputs_keep_the_bounds(
        seed in any::<u8>(),
        trust_only in prop_oneof![3 => Just(false), 1 => Just(true)],
        steps in vec(any_step(), 0..200),
    ) {
        let first = run(seed, trust_only, &steps);
        prop_assert_eq!(&first, &run(seed, trust_only, &steps), "the same seed gives the same outputs");
        // and whatever was written is read again
        let again = Peering::new(config(seed, trust_only), &first.1, Now { unix_ms: START_MS, ..Now::default() });
        prop_assert_eq!(again.broken_lines(), 0);
    }

    #[test]
    fn any_text_is_a_peers_file(text in ANY_FILE) {
        let mut stage = Stage::with_file(PeeringConfig::default(), &text, START_MS);
        prop_assert!(stage.peering.broken_lines() <= 20);
        stage.wait(1);
    }
}

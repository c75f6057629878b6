use super::*;

fn one_group(first: [u8; 2], count: u8) -> Vec<PeerAddress> {
    let id = |number: u8| u16::from_be_bytes([first[0], number]);
    (0..count).map(|number| at([first[0], first[1], 1, number], id(number))).collect()
}

/// Opens the slots of a machine that had none.
fn open_slots(stage: &mut Stage) -> Vec<PeeringOutput> {
    stage.peering.config.outbound = 8;
    stage.peering.is_changed = true;
    stage.wait(0)
}

/// Connects all that is dialled until nothing more is, and returns them.
fn connect_all(stage: &mut Stage, mut outputs: Vec<PeeringOutput>) -> Vec<PeerAddress> {
    let mut connected = Vec::new();
    while let Some(address) = dials(&outputs, Role::Outbound).first().cloned() {
        outputs.remove(outputs.iter().position(|output| matches!(output, PeeringOutput::Dial { .. })).unwrap());
        outputs.extend(stage.connect(&address, Role::Outbound));
        connected.push(address);
    }
    connected
}

#[test]
fn dials_at_once_until_the_slots_are_taken() {
    let mut stage = Stage::new(PeeringConfig::default());
    let all: Vec<_> = (0..40).map(node).collect();
    let first = dials(&stage.hear([20, 200, 1, 1], &all), Role::Outbound);
    assert_eq!(first.len(), 8);
    for address in &first {
        let outputs = stage.connect(address, Role::Outbound);
        assert_eq!((asked(&outputs), outputs.len()), (1, 1), "asked once, and no further dial");
    }
    assert_eq!((stage.peering.connected().count(), stage.peering.tried()), (8, 8));
    // whoever leaves is replaced at once, by another one
    let next = dials(&stage.gone(&first[0]), Role::Outbound);
    assert_eq!(next.len(), 1);
    assert!(!first.contains(&next[0]));
}

#[test]
fn nothing_is_dialled_without_addresses() {
    let mut stage = Stage::new(PeeringConfig::default());
    assert_eq!(stage.wait(3_600), vec![PeeringOutput::Save; 6]);
}

#[test]
fn two_outbound_connections_per_netgroup() {
    for (count_local_groups, first, most) in
        [(false, [30, 1], 2), (false, [127, 1], 8), (true, [127, 1], 2), (true, [10, 1], 2)]
    {
        let mut stage = Stage::new(PeeringConfig { count_local_groups, ..PeeringConfig::default() });
        let outputs = stage.hear([first[0], 2, 1, 1], &one_group(first, 30));
        assert_eq!(dials(&outputs, Role::Outbound).len(), most, "{first:?}");
        assert_eq!(connect_all(&mut stage, outputs).len(), most);
        // an unexpected one is closed
        let outputs = stage.connect(&at([first[0], first[1], 9, 9], 9_999), Role::Outbound);
        assert_eq!(dropped(&outputs).len(), 1);
    }
}

#[test]
fn netgroups_decide_not_addresses() {
    // 1,000 addresses in 4 netgroups against 100 in 100
    let mut won = 0;
    for seed in 0..50 {
        let mut stage = Stage::new(PeeringConfig { seed: [seed; 32], ..PeeringConfig::default() });
        stage.peering.config.outbound = 0;
        for group in 0..4 {
            let attackers = one_group([40 + group, 1], 250);
            stage.hear([50, group, 1, 1], &attackers);
        }
        let honest: Vec<_> = (0..100).map(node).collect();
        stage.hear([20, 200, 1, 1], &honest);
        let first = dials(&open_slots(&mut stage), Role::Outbound);
        assert_eq!(first.len(), 8);
        won += first.iter().filter(|address| !honest.contains(address)).count();
    }
    assert!(won < 50, "{won} of 400 slots are the attacker's");
}

#[test]
fn half_of_the_slots_are_for_new_addresses() {
    let mut stage = Stage::new(PeeringConfig::default());
    let tried: Vec<_> = (0..60).map(node).collect();
    for address in &tried {
        stage.hear([20, 200, 1, 1], std::slice::from_ref(address));
        stage.connect(address, Role::Feeler);
        stage.fail(address);
    }
    let file = stage.peering.file();
    let mut stage = Stage::with_file(PeeringConfig::default(), &file, START_MS + 60_000);
    stage.peering.config.outbound = 0;
    let new: Vec<_> = (100..200).map(node).collect();
    stage.hear([20, 201, 1, 1], &new);
    let chosen = dials(&open_slots(&mut stage), Role::Outbound);
    assert_eq!(chosen.iter().filter(|address| tried.contains(address)).count(), 4);
    assert_eq!(chosen.len(), 8);
}

#[test]
fn failed_dials_back_off_and_are_forgotten() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.connect(&node(1), Role::Inbound);
    let mut outputs = stage.hear([20, 200, 1, 1], &[node(2)]);
    let mut waits = Vec::new();
    while stage.peering.known() > 0 {
        let found = dials(&outputs, Role::Outbound);
        assert_eq!(found.len(), 1);
        let failed = stage.now.monotonic;
        stage.fail(&node(2));
        outputs = Vec::new();
        while dials(&outputs, Role::Outbound).is_empty() && stage.peering.known() > 0 {
            let next = stage.peering.next_timeout().unwrap().saturating_since(stage.now.monotonic);
            outputs = stage.wait(next.as_secs().max(1));
            // a feeler may be first
            for address in dials(&outputs, Role::Feeler) {
                stage.fail(&address);
                outputs.clear();
            }
        }
        waits.push(stage.now.monotonic.saturating_since(failed).as_secs());
    }
    assert_eq!(waits[..6], [2, 4, 8, 16, 32, 64]);
}

#[test]
fn nothing_is_forgotten_while_nobody_is_connected() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.hear([20, 200, 1, 1], &[node(2)]);
    for _ in 0..100 {
        stage.fail(&node(2));
        stage.wait(700);
    }
    assert_eq!(stage.peering.known(), 1);
}

#[test]
fn after_a_failed_dial_anybody_may_answer() {
    for (source, answered) in [([20, 0, 2, 1], false), ([20, 0, 2, 1], true), ([20, 200, 1, 1], false)] {
        let mut stage = Stage::new(PeeringConfig::default());
        let claimed = at([20, 0, 2, 1], 2);
        if answered {
            // it has had another key since then
            stage.connect(&claimed, Role::Feeler);
        }
        stage.hear(source, std::slice::from_ref(&claimed));
        assert_eq!(dials(&stage.wait(2), Role::Outbound).len(), usize::from(answered));
        assert_eq!(stage.peering.dialling(), 1);
        stage.fail(&claimed);
        let again = dials(&stage.wait(2), Role::Outbound);
        assert_eq!(again, [PeerAddress { peer: None, ..claimed.clone() }], "{source:?} {answered}");
        let right = at([20, 0, 2, 1], 3);
        stage.connect(&right, Role::Outbound);
        assert_eq!(stage.peering.addresses().collect::<Vec<_>>(), [(right, true)]);
    }
}

#[test]
fn a_pinned_id_and_one_that_answered_are_kept() {
    let mut stage = Stage::new(PeeringConfig { peers: vec![node(1)], ..PeeringConfig::default() });
    assert_eq!(dials(&stage.wait(0), Role::Outbound), [node(1)]);
    stage.fail(&node(1));
    assert_eq!(dials(&stage.wait(2), Role::Outbound), [node(1)]);
    // who is muted at once did answer, and is not dialled again under no id
    stage.hear([20, 200, 1, 1], &[node(2)]);
    stage.connect(&node(2), Role::Outbound);
    stage.input(PeeringInput::Shunned { peer: node(2).peer.unwrap(), time: Duration::from_secs(3_600) });
    let outputs = stage.wait(3_000);
    assert!(
        [Role::Outbound, Role::Feeler]
            .iter()
            .all(|role| { dials(&outputs, *role).iter().all(|address| address.endpoint != node(2).endpoint) })
    );
}

#[test]
fn a_parted_half_still_knows_the_other_and_dials_it() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.connect(&node(1), Role::Inbound);
    stage.hear([20, 200, 1, 1], &[node(2)]);
    stage.connect(&node(2), Role::Outbound);
    stage.wait(60);
    stage.gone(&node(2));
    // nobody answers, and each dial ends by itself
    let failed = dials(&stage.wait(6 * 3_600), Role::Outbound).len();
    assert!(failed > 20, "{failed}");
    assert!(stage.peering.addresses().any(|(address, is_tried)| address.endpoint == node(2).endpoint && is_tried));
    let again = (0..700).flat_map(|_| dials(&stage.wait(1), Role::Outbound)).next();
    assert_eq!(again.map(|address| address.endpoint), Some(node(2).endpoint));
    stage.connect(&node(2), Role::Outbound);
    assert!(stage.is_connected(&node(2)));
}

#[test]
fn a_pinned_peer_is_dialled_for_ever_beyond_slots() {
    let pinned: Vec<_> = (0..30).map(|number| at([30, 1, 1, 1 + number], u16::from(number))).collect();
    let mut stage = Stage::new(PeeringConfig { peers: pinned, ..PeeringConfig::default() });
    let first = dials(&stage.wait(0), Role::Outbound);
    assert_eq!(first.len(), limits::DIALS_IN_FLIGHT);
    let mut next = Vec::new();
    for address in &first {
        next.extend(dials(&stage.connect(address, Role::Outbound), Role::Outbound));
    }
    assert_eq!(next.len(), 14);
    for _ in 0..30 {
        stage.fail(&next[0]);
        let again = dials(&stage.wait(600), Role::Outbound);
        assert!(again.contains(&next[0]));
    }
}

#[test]
fn a_dial_without_an_answer_ends() {
    let mut stage = Stage::new(PeeringConfig { outbound: 1, ..PeeringConfig::default() });
    let first = dials(&stage.hear([20, 200, 1, 1], &[node(1)]), Role::Outbound);
    assert_eq!(first.len(), 1);
    stage.wait(59);
    assert_eq!(stage.peering.dialling(), 1);
    stage.wait(1);
    assert_eq!(stage.peering.dialling(), 0);
    assert_eq!(dials(&stage.wait(2), Role::Outbound)[0].endpoint, node(1).endpoint);
}

#[test]
fn a_feeler_makes_an_address_tried_and_closes() {
    let mut stage = Stage::new(PeeringConfig { outbound: 1, ..PeeringConfig::default() });
    let all: Vec<_> = (0..20).map(node).collect();
    let first = dials(&stage.hear([20, 200, 1, 1], &all), Role::Outbound);
    stage.connect(&first[0], Role::Outbound);
    for feelers in 1..10 {
        let outputs = stage.wait(120);
        let feeler = dials(&outputs, Role::Feeler);
        assert_eq!((feeler.len(), dials(&outputs, Role::Outbound).len()), (1, 0));
        let outputs = stage.connect(&feeler[0], Role::Feeler);
        assert_eq!(dropped(&outputs), [feeler[0].peer.clone().unwrap()]);
        assert_eq!((stage.peering.tried(), stage.peering.connected().count()), (feelers + 1, 1));
        stage.gone(&feeler[0]);
    }
}

#[test]
fn a_feeler_tests_the_holder_of_a_wanted_place() {
    let mut stage = Stage::new(PeeringConfig { outbound: 0, ..PeeringConfig::default() });
    let place = |stage: &Stage, number| stage.peering.buckets.tried_place(node(number).endpoint);
    let wanted = place(&stage, 0);
    let rival = (1..u16::MAX).find(|number| place(&stage, *number) == wanted).unwrap();
    stage.connect(&node(0), Role::Feeler);
    stage.wait(5 * 3_600);
    for answers in [true, false] {
        stage.connect(&node(rival), Role::Feeler);
        let outputs = stage.wait(120);
        assert_eq!(dials(&outputs, Role::Feeler), [node(0)]);
        if answers {
            stage.connect(&node(0), Role::Feeler);
            stage.wait(5 * 3_600);
        } else {
            stage.fail(&node(0));
        }
        let tried: Vec<_> = stage.peering.addresses().filter(|(_, is_tried)| *is_tried).collect();
        assert_eq!(tried, [(if answers { node(0) } else { node(rival) }, true)]);
    }
}

#[test]
fn own_addresses_are_never_dialled() {
    let own = PeerId::from_bytes(&[9, 9]).unwrap();
    let listen = vec![node(1).endpoint];
    let mut stage = Stage::new(PeeringConfig { own: Some(own.clone()), listen, ..PeeringConfig::default() });
    let mine = PeerAddress { peer: Some(own.clone()), ..node(2) };
    let unknown = PeerAddress { peer: None, ..node(3) };
    let outputs = stage.hear([20, 200, 1, 1], &[node(1), mine, unknown]);
    assert_eq!(dials(&outputs, Role::Outbound), [PeerAddress { peer: None, ..node(3) }]);
    stage.input(PeeringInput::IsSelf { endpoint: node(3).endpoint });
    assert_eq!(stage.peering.known(), 0);
    assert!(stage.hear([20, 200, 1, 1], &[node(3)]).is_empty());
    // a driver that connects nevertheless is told to close
    let outputs =
        stage.input(PeeringInput::Connected { peer: own.clone(), endpoint: node(4).endpoint, role: Role::Outbound });
    assert_eq!(dropped(&outputs), [own]);
}

#[test]
fn a_peer_that_closes_at_once_is_backed_off() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.connect(&node(9), Role::Inbound);
    stage.hear([20, 200, 1, 1], &[node(1)]);
    let mut outbound = 1;
    for _ in 0..600 {
        if stage.peering.dialling() > 0 {
            outbound += 1;
            stage.connect(&node(1), Role::Outbound);
            stage.gone(&node(1));
        }
        stage.wait(1);
    }
    assert!(outbound < 12, "{outbound} connections in 10 minutes");
}

#[test]
fn the_peer_that_is_most_behind_gives_way() {
    let mut stage = Stage::new(PeeringConfig { outbound: 3, ..PeeringConfig::default() });
    let outputs = stage.hear([20, 200, 1, 1], &(0..3).map(node).collect::<Vec<_>>());
    assert_eq!(connect_all(&mut stage, outputs).len(), 3);
    let show = |stage: &mut Stage, number: u16, shown: u8| {
        let peer = node(number).peer.unwrap();
        stage.input(PeeringInput::Shows { peer, work: work(shown), ours: work(100) })
    };
    for (number, shown) in [(0, 90), (1, 50), (2, 100)] {
        show(&mut stage, number, shown);
    }
    assert!(dropped(&stage.wait(2_000)).is_empty(), "there is nobody else to dial");
    stage.hear([20, 200, 1, 1], &[node(7)]);
    let outputs = stage.wait(600);
    assert_eq!(dropped(&outputs), [node(1).peer.unwrap()]);
    assert_eq!(dials(&outputs, Role::Outbound)[0].endpoint, node(7).endpoint);
}

#[test]
fn a_peer_that_was_behind_for_a_short_time_stays() {
    let mut stage = Stage::new(PeeringConfig { outbound: 1, ..PeeringConfig::default() });
    let first = dials(&stage.hear([20, 200, 1, 1], &[node(1), node(2)]), Role::Outbound);
    stage.connect(&first[0], Role::Outbound);
    for minute in 0..120 {
        let shown = if minute % 19 == 0 { 100 } else { 50 };
        let peer = first[0].peer.clone().unwrap();
        stage.input(PeeringInput::Shows { peer, work: work(shown), ours: work(100) });
        let outputs = stage.wait(60);
        assert!(dropped(&outputs).is_empty());
        dials(&outputs, Role::Feeler).iter().for_each(|address| drop(stage.fail(address)));
    }
}

#[test]
fn the_machine_goes_on_without_timeouts_in_the_past() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.hear([20, 200, 1, 1], &(0..100).map(node).collect::<Vec<_>>());
    // `input` asserts that each timeout lies in the future
    let outputs = stage.wait(6 * 3_600);
    assert!(outputs.len() < 10_000, "{}", outputs.len());
}

use super::*;

/// Returns a machine that was connected to 8 of 40 nodes for an hour, the first three of them for longer, and these.
fn settled() -> (Stage, Vec<PeerAddress>) {
    let mut stage = Stage::new(PeeringConfig::default());
    let found = dials(&stage.hear([20, 200, 1, 1], &(0..40).map(node).collect::<Vec<_>>()), Role::Outbound);
    for address in &found {
        stage.connect(address, Role::Outbound);
        stage.now.monotonic = stage.now.monotonic + Duration::from_secs(1);
    }
    stage.wait(3_600);
    (stage, found)
}

fn restarted(stage: &Stage, seed: u8, later_ms: u64) -> Stage {
    let config = PeeringConfig { seed: [seed; 32], ..PeeringConfig::default() };
    Stage::with_file(config, &stage.peering.file(), stage.now.unix_ms + later_ms)
}

#[test]
fn the_file_keeps_addresses_and_what_is_tried() {
    let (stage, _) = settled();
    let again = restarted(&stage, 7, 60_000);
    assert_eq!(again.peering.broken_lines(), 0);
    // other seeds place elsewhere, and an address may find its place taken
    let (known, tried) = (again.peering.known(), again.peering.tried());
    assert!(known >= stage.peering.known() - 2, "{known}");
    assert!(tried >= stage.peering.tried() - 1, "{tried}");
    let same = restarted(&stage, 0, 60_000);
    assert_eq!((same.peering.known(), same.peering.tried()), (stage.peering.known(), stage.peering.tried()));
}

#[test]
fn anchors_are_the_longest_lasting_and_dialled_first() {
    let (mut stage, found) = settled();
    let file = stage.peering.file();
    let lines: Vec<_> = file.lines().take(3).collect();
    assert!(lines[0].starts_with(&found[0].to_string()) && lines[0].ends_with("anchor"));
    assert!(lines[1].starts_with(&found[1].to_string()) && lines[1].ends_with("anchor"));
    assert!(!lines[2].contains("anchor"));
    for seed in 0..20 {
        let mut again = restarted(&stage, seed, 0);
        assert_eq!(dials(&again.wait(0), Role::Outbound)[..2], found[..2]);
        // before others have lasted, the same ones stay anchors
        assert_eq!(again.peering.file().lines().take(2).collect::<Vec<_>>().len(), 2);
        assert!(again.peering.file().lines().take(2).all(|line| line.ends_with("anchor")));
    }
    stage.peering.config.anchors = false;
    assert!(!stage.peering.file().contains("anchor"));
    stage.peering.config.anchors = true;
    let config = PeeringConfig { anchors: false, seed: [3; 32], ..PeeringConfig::default() };
    let mut without = Stage::with_file(config, &stage.peering.file(), stage.now.unix_ms);
    assert!(without.peering.known() >= 38);
    assert_ne!(dials(&without.wait(0), Role::Outbound)[..2], found[..2]);
}

#[test]
fn young_connections_are_no_anchors() {
    let mut stage = Stage::new(PeeringConfig::default());
    let found = dials(&stage.hear([20, 200, 1, 1], &[node(1), node(2)]), Role::Outbound);
    found.iter().for_each(|address| drop(stage.connect(address, Role::Outbound)));
    stage.wait(299);
    assert!(!stage.peering.file().contains("anchor"));
    stage.wait(1);
    assert_eq!(stage.peering.file().matches("anchor").count(), 2);
}

#[test]
fn mutes_survive_a_restart_and_end_on_time() {
    let mut stage = Stage::new(PeeringConfig::default());
    stage.hear([20, 200, 1, 1], &[node(1)]);
    stage.connect(&node(1), Role::Outbound);
    let peer = node(1).peer.unwrap();
    stage.input(PeeringInput::Shunned { peer: peer.clone(), time: Duration::from_secs(600) });
    let mut again = restarted(&stage, 5, 100_000);
    assert!(dials(&again.wait(499), Role::Outbound).is_empty());
    assert_eq!(again.peering.may_connect(&peer), Err(Refusal::Shunned));
    assert_eq!(dials(&again.wait(1), Role::Outbound), [node(1)]);
    assert_eq!(restarted(&stage, 5, 700_000).peering.muted(), 0);
}

#[test]
fn a_file_of_strangers_breaks_nothing() {
    let (id, max) = (node(1).peer.unwrap(), u64::MAX);
    let text = format!(
        "/ip4/20.1.1.1/tcp/1 {max} 4294967295 {max}\n/ip4/20.1.1.2/tcp/1 0 0 0\n/ip4/0.0.0.0/tcp/1 {now} 0 {now}\n\
         mute {id} {max}\nwhat\n/ip4/20.1.1.3/tcp/1 {max} 0 {max} 224.0.0.1\n\u{0}\n",
        now = START_MS / 1_000,
    );
    let mut stage = Stage::with_file(PeeringConfig::default(), &text, START_MS);
    assert_eq!(stage.peering.broken_lines(), 2);
    assert_eq!(stage.peering.known(), 1, "a tried one; the others are from nowhere, out of time or no address");
    assert_eq!(stage.peering.muted(), 1);
    stage.wait(86_400);
    assert_eq!(stage.peering.muted(), 0, "a mute lasts a day at most");
}

//! The programs as a person starts them, one process each, on regtest so that blocks come quickly.

mod common;

use common::{Program, folder};

/// A node on regtest, with more arguments.
fn node(relay: &str, more: &[&str]) -> Program {
    Program::start("node", &[&["--relay", relay, "--network", "regtest"], more].concat())
}

/// The hashes in an export, genesis first.
fn hashes(export: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(export).expect("the export is there");
    let lines = text.lines().skip(1).map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    lines.map(|block| block["hash"].as_str().expect("a hash").to_owned()).collect()
}

#[test]
fn a_whole_network_agrees_and_its_supply_adds_up() {
    let export = folder("network").join("chain.json");
    let path = export.to_str().expect("a name in UTF-8");
    let few = ["--acts", "1", "--nodes", "2", "--blocks", "4", "--payments", "2", "--export", path];
    let said = Program::start("network", &few).success();
    let has = |text: &str| said.iter().any(|line| line.contains(text));
    assert!(has("all nodes are on one tip") && has("185 at genesis + "), "{said:#?}");
    assert!(hashes(&export).len() >= 5);
}

#[test]
fn late_joiner_ends_on_the_chain_of_a_quick_and_a_slow_node() {
    let (_relay, address) = Program::relay();
    let folder = folder("joiner");
    let file = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    let mut quick = node(&address, &["--until-height", "60", "--export", &file("quick")]);
    // at the same rate and always late it loses nearly every race; once it is gone, one chain is left
    node(&address, &["--delay", "300", "--until-height", "15"]).success();
    quick.block(20);
    node(&address, &["--no-mine", "--until-height", "60", "--export", &file("late")]).success();
    quick.success();
    let chains = ["quick", "late"].map(|name| hashes(&folder.join(name)));
    // a loaded machine may find one block more before the miner is told to stop
    assert_eq!(chains[0].get(..61).expect("genesis and sixty blocks"), &chains[1][..61]);
}

#[test]
fn a_node_that_was_killed_catches_up_when_it_is_started_again() {
    let (_relay, address) = Program::relay();
    let mut miner = node(&address, &[]);
    let mut follower = node(&address, &["--no-mine"]);
    follower.block(5);
    follower.kill();
    let height = miner.block(10);
    let until = (height + 5).to_string();
    node(&address, &["--no-mine", "--until-height", &until]).success();
    miner.signal("TERM");
    miner.success();
}

#[test]
fn nodes_live_through_a_restart_of_their_relay() {
    let (relay, address) = Program::relay();
    let mut miner = node(&address, &[]);
    let mut follower = node(&address, &["--no-mine"]);
    let before = follower.block(3);
    relay.kill();
    follower.line_with("lost the relay");
    let mined = miner.block(before + 10);
    let (_relay, _) = Program::relay_at(&address);
    assert!(follower.block(mined) >= mined, "what was mined meanwhile arrives");
}

#[test]
fn every_program_stops_cleanly_when_it_is_told_to() {
    let (mut relay, address) = Program::relay();
    for signal in ["TERM", "INT"] {
        let mut programs = vec![node(&address, &[])];
        programs[0].block(1);
        let mut listener = Program::start("listener", &["--relay", &address]);
        listener.line_with("BLOC");
        let mut oracle = Program::start("oracle", &["--relay", &address, "--network", "regtest"]);
        oracle.line_with("confirmed in block");
        programs.extend([listener, oracle]);
        for program in programs {
            program.signal(signal);
            program.success();
        }
    }
    relay.signal("TERM");
    relay.line_with("relay stopped");
    relay.success();
    let mut network = Program::start("network", &[]);
    network.line_with("act 1");
    network.signal("INT");
    assert!(network.success().iter().any(|line| line == "stopped"));
}

#[test]
fn an_oracle_and_a_listener_count_and_end() {
    let (_relay, address) = Program::relay();
    let _node = node(&address, &[]);
    let fast = ["--min-interval", "0", "--max-interval", "1", "--payments", "3"];
    let oracle =
        Program::start("oracle", &[&["--relay", &address, "--network", "regtest"], &fast[..]].concat()).success();
    assert_eq!(oracle.iter().filter(|line| line.contains("confirmed in block")).count(), 3, "{oracle:#?}");

    let heard = Program::start("listener", &["--relay", &address, "--json", "--count", "4"]).success();
    let lines: Vec<_> = heard.iter().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

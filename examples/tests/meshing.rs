//! Nodes and the story without a relay, as processes.
//!
//! A build of the whole workspace has the feature `p2p`; without it there is nothing to test here.

#![cfg(feature = "p2p")]

mod common;

use std::{fs, path::Path};

use common::{
    Program, folder,
    mesh::{LISTEN, free_multiaddr, listening, node, without_id},
};

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

#[test]
fn two_nodes_without_a_relay_agree_on_blocks() {
    let folder = folder("mesh of two");
    let [data, one, other] = ["data", "one", "other"].map(|name| folder.join(name));
    let (miner, address) = listening(&["--data", text(&data)]);
    node(&["--peer", without_id(&address), "--no-mine", "--until-height", "5", "--export", text(&other)]).success();
    miner.signal("INT");
    miner.success();
    node(&["--data", text(&data), "--check", "--export", text(&one)]).success();
    let [one, other] = [one, other].map(|file| fs::read_to_string(file).expect("it was exported"));
    // the head and genesis, and five blocks
    assert!(other.lines().count() >= 7 && one.starts_with(&other), "{other}");
}

#[test]
fn interrupted_node_keeps_its_key_and_its_peers() {
    let folder = folder("kept peers");
    let data = folder.join("data");
    let (_miner, address) = listening(&[]);
    let kept = ["--no-mine", "--data", text(&data)];
    let mut first = node(&[&kept[..], &["--peer", &address]].concat());
    let id = first.line_with("its peer id: 12D3KooW");
    let line = first.line_with("its first peer: ");
    assert!(address.ends_with(line.rsplit(' ').next().expect("a peer id")), "{line}");
    first.signal("INT");
    first.success();
    let peers = fs::read_to_string(data.join("peers")).expect("it was written");
    assert!(peers.lines().any(|line| line.starts_with(&address)), "{peers}");
    assert_eq!(fs::read(data.join("p2p.key")).expect("it was made").len(), 32);
    // nobody names the other node any more
    let mut again = node(&[&kept[..], &LISTEN].concat());
    assert_eq!(again.line_with("its peer id: "), id);
    again.line_with("its first peer: ");
    again.signal("INT");
    again.success();
}

#[test]
fn node_on_a_relay_and_a_mesh_passes_blocks_on() {
    let (_relay, address) = Program::relay();
    let (_both, peer) = listening_on_both(&address);
    let mut miner = Program::start("node", &["--relay", &address, "--network", "regtest", "--threads", "1"]);
    let mut follower = node(&["--peer", &peer, "--no-mine"]);
    follower.block(miner.block(3));
}

/// A node that listens and uses a relay, with its address for others.
fn listening_on_both(relay: &str) -> (Program, String) {
    let arguments = ["--relay", relay, "--network", "regtest", "--no-mine"];
    let mut node = Program::start("node", &[&arguments[..], &LISTEN].concat());
    let line = node.line_with("for others: --peer ");
    (node, line.rsplit(' ').next().expect("an address").to_owned())
}

#[test]
fn node_goes_on_when_a_named_peer_is_not_there() {
    let nowhere = free_multiaddr();
    let mut node = node(&["--peer", &nowhere]);
    node.line_with(&format!("no peer so far: {nowhere}: "));
    let height = node.block(1);
    node.block(height + 1);
    node.signal("TERM");
    node.success();
}

#[test]
fn story_without_a_relay_is_told_in_order() {
    let said = Program::start("network", &["--p2p", "--spacing", "200", "--plain"]).success();
    let told = said.iter().flat_map(|line| line.split_whitespace()).collect::<Vec<_>>().join(" ");
    let mut rest = &*told;
    for text in [
        "connected to each other without a relay",
        "Act 3 is left out",
        "act 1 one chain",
        "act 2 a fork",
        "is cut off and mines alone",
        " reorganises: ",
        "Alice's 2.50 is confirmed in block ",
        "act 4 one coin, spent twice",
        "spends the same coin",
        "all nodes are on one tip",
    ] {
        let found = rest.split_once(text);
        rest = found.unwrap_or_else(|| panic!("{text:?} is missing, or out of order: {said:#?}")).1;
    }
    assert!(said.iter().all(|line| line.len() <= 80 && line.is_ascii()), "{said:#?}");
}

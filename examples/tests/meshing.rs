//! Nodes, wallets and the story without a relay, as processes.
//!
//! A build of the whole workspace has the feature `p2p`; without it there is nothing to test here.

#![cfg(feature = "p2p")]

mod common;

use std::{fs, path::Path};

use common::{Program, classroom_address, classroom_key, folder, free_address};

/// Listens on loopback, at a port that the system chooses.
const LISTEN: [&str; 2] = ["--listen", "/ip4/127.0.0.1/tcp/0"];

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

/// A node on regtest without a relay.
fn node(more: &[&str]) -> Program {
    Program::start("node", &[&["--no-relay", "--network", "regtest", "--threads", "1"], more].concat())
}

/// A node that listens, with the address that it prints for others.
fn listening(more: &[&str]) -> (Program, String) {
    let mut node = node(&[&LISTEN, more].concat());
    let line = node.line_with("for others: --peer ");
    (node, line.rsplit(' ').next().expect("an address").to_owned())
}

/// Returns an address without the peer id at its end.
fn without_id(address: &str) -> &str {
    address.split_once("/p2p/").expect("it has a peer id").0
}

/// A multiaddr at which nobody listens: it was free a moment ago.
fn free_multiaddr() -> String {
    let address = free_address();
    format!("/ip4/127.0.0.1/tcp/{}", address.rsplit(':').next().expect("a port"))
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
fn wallet_and_oracle_pay_through_a_mesh() {
    let (_miner, address) = listening(&[]);
    let key = classroom_key(&folder("mesh wallet"), 0, "key");
    let wallet = |more: &[&str]| {
        Program::start("wallet", &[more, &["--key", &key, "--peer", &address, "--network", "regtest"]].concat())
    };
    let said = wallet(&["pay", &classroom_address(1), "2.5"]).success();
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    let arguments = ["--peer", &address, "--network", "regtest", "--payments", "1"];
    let said = Program::start("oracle", &arguments).success();
    assert!(said.iter().any(|line| line.contains("confirmed in block")), "{said:#?}");

    let id = address.rsplit('/').next().expect("its peer id");
    let said = wallet(&["peers"]).success();
    assert!(said.contains(&format!("  {id}")), "{said:#?}");
    let place = format!("    dialled at {}, height ", without_id(&address));
    assert!(said.iter().any(|line| line.starts_with(&place) && line.ends_with(", 0 points")), "{said:#?}");
    assert!(said.iter().all(|line| line.chars().count() <= 80), "{said:#?}");
    let said = wallet(&["peers", "--json"]).success();
    let peers: Vec<serde_json::Value> = said.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let peer = peers.iter().find(|peer| peer["peer_id"] == id).unwrap_or_else(|| panic!("{said:#?}"));
    assert_eq!((&peer["direction"], &peer["score"]), (&"outbound".into(), &0.into()));
    assert!(peer["address"] == without_id(&address) && peer["height"].is_u64(), "{peer}");
}

#[test]
fn mistakes_with_a_mesh_say_what_to_do() {
    let folder = folder("mesh mistakes");
    let says = |name: &str, arguments: &[&str], code: i32, wanted: &str| {
        let (found, said) = Program::start(name, arguments).end();
        let said = said.join("\n");
        assert!(found == code && said.contains(wanted), "{name} {arguments:?} ends with {found}: {said}");
    };
    let (_node, address) = listening(&["--no-mine"]);
    let taken = without_id(&address);
    says("node", &["--listen", taken], 1, &format!("cannot listen on {taken}: "));
    for (name, key) in [("broken", "short"), ("empty", "")] {
        let file = folder.join(name);
        fs::write(&file, key).expect("a place for files");
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file");
        says("node", &[&LISTEN[..], &["--p2p-key", text(&file)]].concat(), 1, "does not hold 32 bytes");
    }
    let (nowhere, key) = (free_multiaddr(), classroom_key(&folder, 0, "key"));
    says("wallet", &["tip", "--peer", &nowhere], 1, &format!("cannot reach a peer: {nowhere}: "));
    says("wallet", &["balance", "--key", &key, "--peer", &nowhere], 1, "--p2p` starts a node");
    says("oracle", &["--peer", &nowhere], 1, "cannot reach a peer");
    says("wallet", &["tip", "--peer", "127.0.0.1:1"], 2, "is no address like /ip4/127.0.0.1/tcp/25001");
    says("wallet", &["tip", "--peer", &nowhere, "--relay", "127.0.0.1:1"], 2, "cannot be used with");
    says("node", &["--listen", "0.0.0.0:25001"], 2, "is no address like /ip4/127.0.0.1/tcp/25001");
    says("node", &["--p2p", "--trust-only"], 2, "--peer <MULTIADDR>");
    says("node", &["--peers-file", "peers"], 2, "--p2p");
    says("network", &["--p2p", "--acts", "3"], 2, "act 3 needs a relay: leave out --p2p");
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

#[test]
fn help_about_a_mesh_fits_80_columns() {
    for (name, wanted) in [("node", "--max-inbound"), ("wallet", "--peer"), ("oracle", "--peer"), ("network", "--p2p")]
    {
        for help in ["--help", "-h"] {
            let said = Program::start(name, &[help]).success();
            let long: Vec<_> = said.iter().filter(|line| line.chars().count() > 80).collect();
            assert!(long.is_empty() && said.iter().any(|line| line.contains(wanted)), "{name}: {long:#?}");
        }
    }
}

//! Wallets without a relay, as processes, and what all programs say of a mesh.
//!
//! A build of the whole workspace has the feature `p2p`; without it there is nothing to test here.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::{fs, net::TcpListener, path::Path};

use common::{
    Program, classroom_address, classroom_key, folder,
    mesh::{LISTEN, free_multiaddr, listening, without_id},
};
use toycoin_examples::meshing;

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

/// Returns whether the programs have a mesh, and says so if they have none.
fn is_built() -> bool {
    if !meshing::IS_BUILT {
        eprintln!("skipped: the programs are built without the feature p2p");
    }
    meshing::IS_BUILT
}

#[test]
fn wallet_and_oracle_pay_through_a_mesh() {
    if !is_built() {
        return;
    }
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
    let peers: Option<Vec<serde_json::Value>> = said.iter().find_map(|line| serde_json::from_str(line).ok());
    let peers = peers.unwrap_or_else(|| panic!("{said:#?}"));
    let peer = peers.iter().find(|peer| peer["peer_id"] == id).unwrap_or_else(|| panic!("{said:#?}"));
    assert_eq!((&peer["direction"], &peer["score"]), (&"outbound".into(), &0.into()));
    assert!(peer["address"] == without_id(&address) && peer["height"].is_u64(), "{peer}");
}

#[test]
fn mistakes_with_a_mesh_say_what_to_do() {
    if !is_built() {
        return;
    }
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
    says("wallet", &["tip", "--peer", &nowhere], 3, &format!("cannot reach a peer: {nowhere}: "));
    says("wallet", &["balance", "--key", &key, "--peer", &nowhere], 3, "--p2p` starts a node");
    says("oracle", &["--peer", &nowhere], 3, "cannot reach a peer");
    // somebody listens there, and says nothing
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().expect("it is bound").port());
    says("wallet", &["tip", "--peer", &mute, "--patience", "1"], 3, "no peer joined within 1 s: ");
    says("wallet", &["tip", "--peer", "127.0.0.1:1"], 2, "is no address like /ip4/127.0.0.1/tcp/25001");
    says("wallet", &["tip", "--peer", &nowhere, "--relay", "127.0.0.1:1"], 2, "cannot be used with");
    says("node", &["--listen", "0.0.0.0:25001"], 2, "is no address like /ip4/127.0.0.1/tcp/25001");
    says("node", &["--p2p", "--trust-only"], 2, "--peer <MULTIADDR>");
    says("node", &["--peers-file", "peers"], 2, "--p2p");
    says("network", &["--p2p", "--acts", "3"], 2, "act 3 needs a relay: leave out --p2p");
}

#[test]
fn help_about_a_mesh_fits_80_columns() {
    if !is_built() {
        return;
    }
    for (name, wanted) in [("node", "--max-inbound"), ("wallet", "--peer"), ("oracle", "--peer"), ("network", "--p2p")]
    {
        for help in ["--help", "-h"] {
            let said = Program::start(name, &[help]).success();
            let long: Vec<_> = said.iter().filter(|line| line.chars().count() > 80).collect();
            assert!(long.is_empty() && said.iter().any(|line| line.contains(wanted)), "{name}: {long:#?}");
        }
    }
}

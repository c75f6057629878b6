//! With `--json`, each command prints exactly one value of JSON on standard output. All else is on standard error.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::classroom_address;
use sealed::{Keeper, Scene};

const NETWORK: &str = "regtest";
const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

#[test]
fn commands_without_a_network_print_one_value() {
    let keeper = Keeper::new("json", NETWORK);
    let made = keeper.run("wallet", &["new", "--json", "--words", "24"]).json();
    assert_eq!(made["words"].as_array().map(Vec::len), Some(24));
    let again = keeper.run_with("again", &["restore", "--json"], ZEROS).json();
    assert!(again["words"].is_null(), "they are known: {again}");
    assert_eq!(again["address"], keeper.run("again", &["address", "--json"]).json()["address"]);
    let backup = keeper.run("again", &["backup", "--json"]).json();
    assert_eq!(backup["words"].as_array().map(Vec::len), Some(12));
    let xpub = backup["account_xpub"].as_str().expect("a key");
    let watch = keeper.run("watch", &["new", "--json", "--watch-only", xpub]).json();
    assert_eq!(watch["address"], again["address"]);
    let fresh = keeper.run("again", &["address", "--new", "--label", "rent", "--qr", "--json"]).json();
    assert_eq!((fresh["place"].as_str(), fresh["label"].as_str()), (Some("0/1"), Some("rent")));
    let all = keeper.run("again", &["addresses", "--json"]).json();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert_eq!(all[1]["address"], fresh["address"]);
    let new = keeper.secret_file("new", "another one");
    assert_eq!(keeper.run("again", &["passphrase", "--json", "--new-passphrase-file", &new]).json()["changed"], true);
}

#[test]
fn commands_about_the_chain_print_one_value() {
    let mut scene = Scene::new("json chain", NETWORK);
    scene.earn(8);
    let _miner = scene.miner();
    let bob = classroom_address(1);
    let dry = scene.run("alice", &["pay", &bob, "2.5", "--dry-run", "--json"]).json();
    assert_eq!((dry["status"].as_str(), dry["amount"].as_str()), (Some("dry run"), Some("2.50000000")));
    let paid = scene.run("alice", &["pay", &bob, "2.5", "--json"]).json();
    assert_eq!(paid["status"], "confirmed");
    let txid = paid["txid"].as_str().expect("an id");
    let balance = scene.run("alice", &["balance", "--coins", "--json"]).json();
    assert_eq!(balance["coins"].as_array().map(|coins| coins.len() > 2), Some(true), "{balance}");
    let total = |value: &serde_json::Value| value["total"].as_str().expect("an amount").to_owned();
    assert_eq!(total(&balance), total(&scene.run("alice", &["balance", "--json"]).json()));
    let one = scene.run("alice", &["consolidate", "--json"]).json();
    assert_eq!(one["status"], "confirmed");
    for command in [&["tip"][..], &["block", "1"], &["tx", txid], &["mempool"]] {
        let value = scene.run("alice", &[command, &["--json"]].concat()).json();
        assert!(value.is_object(), "{command:?}: {value}");
    }
    let peers = scene.run("alice", &["peers", "--json"]).json();
    assert_eq!(peers.as_array().map(|peers| !peers.is_empty()), Some(true), "those that were heard: {peers}");
    let receipt = scene.run("alice", &["prove", txid, "--json"]);
    assert_eq!(receipt.json()["toycoin_receipt"], 1);
    let path = scene.keeper.file("receipt.json", &receipt.out);
    assert_eq!(scene.keeper.run("alice", &["verify", &path, "--json"]).json()["verified"], true);
}

#[test]
fn what_is_refused_prints_no_value() {
    let keeper = Keeper::new("json refused", NETWORK);
    keeper.run("missing", &["address", "--json"]).refused(1);
    keeper.run_locked("none", &["new", "--json"]).refused(2);
    let nowhere = common::free_address();
    keeper.new_wallet("wallet");
    keeper.run("wallet", &["balance", "--json", "--relay", &nowhere]).refused(3);
}

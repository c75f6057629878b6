//! A wallet that was restored from its words finds what was paid to it: with the chain and without it.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use sealed::{Keeper, Scene};
use serde_json::Value;

const NETWORK: &str = "regtest";

/// Gives out addresses until there are so many, and returns all.
fn addresses(keeper: &Keeper, wallet: &str, count: usize) -> Vec<String> {
    for _ in 1..count {
        keeper.run_locked(wallet, &["address", "--new"]).success();
    }
    let all = keeper.run_locked(wallet, &["addresses", "--json"]).json();
    let all = all.as_array().expect("a list").iter();
    all.map(|one| one["address"].as_str().expect("an address").to_owned()).collect()
}

/// Restores a wallet from words, and returns what it finds.
fn restored(scene: &Scene, name: &str, words: &str, more: &[&str]) -> Value {
    scene.keeper.run_with(name, &["restore"], words).success();
    scene.run(name, &[&["balance", "--json"], more].concat()).json()
}

#[test]
fn words_find_every_payment_and_the_same_addresses() {
    let mut scene = Scene::new("find all", NETWORK);
    let words = scene.keeper.new_wallet("alice");
    let given = addresses(&scene.keeper, "alice", 20);
    assert_eq!(given.len(), 20);
    // the first, one in the midst, and the last of 20
    for (height, index) in [(3, 0), (6, 7), (9, 19)] {
        scene.mine_to(&given[index], height);
    }
    let miner = scene.miner();
    scene.peer.block(12);
    // change, and a payment to oneself
    scene.run("alice", &["pay", &given[3], "1.5"]).success();
    miner.signal("INT");
    miner.success();
    let before = scene.run("alice", &["balance", "--json"]).json();
    let after = restored(&scene, "again", &words, &[]);
    assert_eq!(after, before);
    let shown = |wallet| scene.keeper.run_locked(wallet, &["addresses", "--json"]).json();
    let list = shown("again");
    let found: Vec<_> = list.as_array().expect("a list").iter().map(|one| one["address"].clone()).collect();
    assert!(found.len() >= 20 && found[..20].iter().eq(&given), "{found:#?}");
    assert_eq!(scene.run("again", &["address"]).success(), scene.run("alice", &["address"]).success());
}

#[test]
fn an_address_beyond_the_gap_is_not_found_without_a_hint() {
    let mut scene = Scene::new("gap", NETWORK);
    let words = scene.keeper.new_wallet("alice");
    let given = addresses(&scene.keeper, "alice", 23);
    // a restored wallet has given out the first one, and 20 unused ones follow it
    scene.mine_to(&given[21], 4);
    let missed = restored(&scene, "missed", &words, &[]);
    assert_eq!((missed["total"].as_str(), missed["height"].as_u64()), (Some("0.00000000"), Some(4)));
    // the file of the wallet that gave them out says how far it went
    assert_eq!(scene.run("alice", &["balance", "--json"]).json()["total"], "200.00000000");
    // once another one is paid, the search goes on from there
    scene.mine_to(&given[20], 5);
    let found = restored(&scene, "found", &words, &[]);
    assert_eq!(found["total"], "250.00000000", "{found}");
    assert_eq!(scene.run("missed", &["balance", "--json"]).json()["total"], "250.00000000");
}

#[test]
fn a_light_wallet_finds_pays_and_watches_the_same() {
    let mut scene = Scene::new("light sealed", NETWORK);
    let words = scene.keeper.new_wallet("alice");
    let given = addresses(&scene.keeper, "alice", 20);
    scene.mine_to(&given[0], 4);
    scene.mine_to(&given[19], 110);
    let full = scene.run("alice", &["balance", "--json"]).json();
    let light = restored(&scene, "light", &words, &["--light"]);
    assert_eq!((&light["total"], &light["available"]), (&full["total"], &full["available"]));
    let _miner = scene.miner();
    let bob = common::classroom_address(1);
    let paid = scene.run("light", &["pay", &bob, "2.5", "--light", "--json"]).json();
    assert_eq!(paid["status"], "confirmed");
    let xpub = scene.keeper.xpub("alice");
    scene.keeper.run_locked("watch", &["new", "--watch-only", &xpub]).success();
    let total = |wallet: &str, more: &[&str]| {
        scene.run(wallet, &[&["balance", "--json"], more].concat()).json()["total"].clone()
    };
    assert_eq!(total("watch", &["--light"]), total("alice", &[]));
    let error = scene.run("watch", &["pay", &bob, "1", "--light"]).refused(1);
    assert!(error.contains("only watches"), "{error}");
}

//! Payments from a sealed wallet over a relay and a node: one, many, all, from named coins, and to oneself.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::classroom_address;
use sealed::Scene;
use serde_json::Value;
use toycoin_core::Amount;

const NETWORK: &str = "regtest";

/// Returns an amount of an answer, in grains.
fn grains(answer: &Value, field: &str) -> u64 {
    let text = answer[field].as_str().unwrap_or_else(|| panic!("{field}: {answer}"));
    text.parse::<Amount>().expect("an amount").grains()
}

/// Returns what a payment did: the answer, which says that it is confirmed and adds up.
fn confirmed(scene: &Scene, arguments: &[&str]) -> Value {
    let before = balance(scene);
    let answer = scene.run("alice", &[arguments, &["--json"]].concat()).json();
    assert_eq!(answer["status"], "confirmed", "{answer}");
    let coins = answer["coins"].as_array().expect("coins").iter();
    let spent: u64 = coins.map(|coin| grains(coin, "value")).sum();
    assert_eq!(spent, grains(&answer, "amount") + grains(&answer, "fee") + grains(&answer, "change"), "{answer}");
    let after = balance(scene);
    assert_eq!((grains(&answer, "left"), grains(&answer, "balance")), (after, after), "{before}: {answer}");
    answer
}

fn balance(scene: &Scene) -> u64 {
    grains(&scene.run("alice", &["balance", "--json"]).json(), "total")
}

/// What a classroom wallet has, by an old key file.
fn others_balance(scene: &Scene, index: u32) -> u64 {
    let name = format!("key {index}");
    common::classroom_key(&scene.keeper.folder, index, &name);
    grains(&scene.run(&name, &["balance", "--json"]).json(), "total")
}

#[test]
fn one_recipient_then_everything() {
    let mut scene = Scene::new("spend one", NETWORK);
    scene.earn(6);
    let _miner = scene.miner();
    let bob = classroom_address(1);
    let before = others_balance(&scene, 1);
    let paid = confirmed(&scene, &["pay", &bob, "2.5"]);
    assert_eq!((grains(&paid, "amount"), paid["fee_rate"].as_u64()), (250_000_000, Some(5_000)));
    assert_eq!(others_balance(&scene, 1) - before, 250_000_000);
    // all rewards are mature by now
    let all = confirmed(&scene, &["pay", &bob, "all", "--fee-rate", "7", "--yes"]);
    assert_eq!((grains(&all, "left"), grains(&all, "change"), all["fee_rate"].as_u64()), (0, 0, Some(7)));
    assert_eq!(others_balance(&scene, 1) - before, 250_000_000 + grains(&all, "amount"));
    let error = scene.run("alice", &["pay", &bob, "all"]).refused(1);
    assert!(!error.is_empty(), "there is nothing left");
}

#[test]
fn many_recipients_of_a_file_with_labels() {
    let mut scene = Scene::new("spend many", NETWORK);
    scene.earn(6);
    let _miner = scene.miner();
    let to: Vec<_> = (1..4).map(classroom_address).collect();
    let before: Vec<_> = (1..4).map(|index| others_balance(&scene, index)).collect();
    let text =
        format!("address,amount,label\n# March\n{},1.5,rent, and heat\n{},2\n{},0.25,tea\n", to[0], to[1], to[2]);
    let list = scene.keeper.file("list.csv", &text);
    let paid = confirmed(&scene, &["pay", "--file", &list]);
    assert_eq!(grains(&paid, "amount"), 375_000_000);
    let gained = (1..4).zip(before).map(|(index, before)| others_balance(&scene, index) - before).collect::<Vec<_>>();
    assert_eq!(gained, [150_000_000, 200_000_000, 25_000_000]);
    let labels = scene.keeper.text("alice.labels.jsonl");
    for (address, label) in [(&to[0], "rent, and heat"), (&to[2], "tea")] {
        assert!(labels.lines().any(|line| line.contains(address.as_str()) && line.contains(label)), "{labels}");
    }
    for (name, text, wanted) in [
        ("empty.csv", String::new(), "there is no payment in it"),
        ("wrong.csv", format!("{},1\n{},one\n", to[0], to[1]), "line 2: "),
        ("bytes.csv", format!("{}\n", to[0]), "line 1: "),
    ] {
        let list = scene.keeper.file(name, &text);
        assert!(scene.run("alice", &["pay", "--file", &list]).refused(1).contains(wanted), "{name}");
    }
}

#[test]
fn named_coins_alone_are_spent() {
    let mut scene = Scene::new("spend coins", NETWORK);
    scene.earn(8);
    let coins = |scene: &Scene| {
        let balance = scene.run("alice", &["balance", "--coins", "--json"]).json();
        let coins = balance["coins"].as_array().expect("coins").clone();
        let available = coins.into_iter().filter(|coin| coin["state"] == "available");
        available.map(|coin| coin["coin"].as_str().expect("its name").to_owned()).collect::<Vec<_>>()
    };
    let names = coins(&scene);
    assert!(names.len() > 4, "{names:?}");
    let _miner = scene.miner();
    let bob = classroom_address(1);
    let named = ["--coin", &names[1], "--coin", &names[3]];
    let paid = confirmed(&scene, &[&["pay", &bob, "1"], &named[..]].concat());
    let mut spent: Vec<_> = paid["coins"].as_array().expect("coins").iter().map(|coin| &coin["coin"]).collect();
    spent.sort_by_key(|coin| coin.to_string());
    let mut wanted = [Value::from(names[1].clone()), Value::from(names[3].clone())];
    wanted.sort_by_key(Value::to_string);
    assert_eq!(spent, wanted.iter().collect::<Vec<_>>(), "both, and no other");
    // they are gone, and too little is not topped up from others
    let error = scene.run("alice", &[&["pay", &bob, "1"], &named[..]].concat()).refused(1);
    assert!(!error.is_empty());
    let error = scene.run("alice", &["pay", &bob, "60", "--coin", &names[0]]).refused(1);
    assert!(error.contains("insufficient funds"), "{error}");
    let all = confirmed(&scene, &["pay", &bob, "all", "--coin", &names[0]]);
    assert_eq!(grains(&all, "amount") + grains(&all, "fee"), 5_000_000_000);
}

#[test]
fn consolidated_coins_are_one() {
    let mut scene = Scene::new("consolidate", NETWORK);
    scene.earn(6);
    let miner = scene.miner();
    scene.peer.block(9);
    let answer = confirmed(&scene, &["consolidate"]);
    assert_eq!(answer["coins"].as_array().map(Vec::len), Some(6));
    let error = scene.run("alice", &["consolidate"]).refused(1);
    assert!(error.contains("not two coins"), "{error}");
    let said = scene.run("alice", &["balance", "--coins"]).success();
    assert_eq!(said.iter().filter(|line| line.contains(':')).count(), 1, "{said:#?}");
    drop(miner);
}

#[test]
fn a_dry_run_asks_for_no_passphrase_and_sends_nothing() {
    let mut scene = Scene::new("dry run sealed", NETWORK);
    scene.earn(4);
    // it has noted by now that its first address was paid
    scene.run("alice", &["balance"]).success();
    let before = scene.keeper.text("alice");
    let arguments = ["pay", &classroom_address(1), "2.5", "--dry-run", "--relay", &scene.relay];
    let said = scene.keeper.run_locked("alice", &arguments).success();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in ["amount 2.50", "fee 0.0098 5,000 grains per byte, 196 bytes", "dry run: nothing was sent"] {
        assert!(said.iter().any(|said| words(said) == line), "{line}: {said:#?}");
    }
    assert_eq!(scene.keeper.text("alice"), before);
    assert!(!scene.keeper.folder.join("alice.sent").exists());
}

#[test]
fn a_broken_label_file_stops_no_payment() {
    let mut scene = Scene::new("broken labels", NETWORK);
    scene.earn(6);
    let bob = classroom_address(1);
    let broken = "{\"type\":\"tx\",\"ref\":\"a\"}\nno label\n";
    scene.keeper.secret_file("alice.labels.jsonl", broken);
    let said = |err: &str| err.split_whitespace().collect::<Vec<_>>().join(" ");
    let _miner = scene.miner();
    for arguments in [&["balance"][..], &["history"], &["addresses"], &["pay", &bob, "1"]] {
        let outcome = scene.run("alice", arguments);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        let said = said(&outcome.err);
        assert!(said.contains("alice.labels.jsonl: line 2 is no label"), "{said}");
        assert_eq!(said.matches("warning: labels are not shown: ").count(), 1, "{said}");
    }
    // what would change labels is refused, and pays nothing
    for arguments in [&["pay", &bob, "1", "--label", "rent"][..], &["label", &bob, "bob"], &["labels", "export", "-"]] {
        let outcome = scene.run("alice", arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), ""), "{outcome:#?}");
        assert!(said(&outcome.err).contains("line 2 is no label"), "{outcome:#?}");
    }
    assert_eq!(scene.keeper.text("alice.labels.jsonl"), broken);
}

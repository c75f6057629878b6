//! Payments that wait for a block: paid with a higher fee, taken back, followed by another, and sent again by the next
//! command after Ctrl-C.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::{Program, classroom_address};
use sealed::{Scene, node};
use serde_json::Value;

const NETWORK: &str = "regtest";

/// A scene in which the wallet `alice` has rewards and nobody mines.
fn scene(name: &str) -> Scene {
    let mut scene = Scene::new(name, NETWORK);
    scene.earn(6);
    scene
}

/// Starts a payment, waits until it was sent, and stops it. Returns its id.
fn sent(scene: &Scene, arguments: &[&str]) -> String {
    let mut wallet = scene.start("alice", arguments);
    let txid = payment(&mut wallet);
    wallet.signal("INT");
    let error = wallet.failure(3);
    assert!(error.contains("it was sent and may still be confirmed"), "{error}");
    txid
}

/// Waits until a payment was sent, and returns its id.
fn payment(wallet: &mut Program) -> String {
    wallet.line_with("payment ").trim_start_matches("payment ").to_owned()
}

fn balance(scene: &Scene) -> Value {
    scene.run("alice", &["balance", "--json"]).json()
}

/// Returns whether a block holds a payment.
fn is_held(scene: &Scene, txid: &str) -> bool {
    let outcome = scene.run("alice", &["tx", txid]);
    outcome.code == Some(0) && outcome.out.contains("in block")
}

#[test]
fn a_payment_that_waits_is_bumped() {
    let scene = scene("bump");
    let bob = classroom_address(1);
    let first = sent(&scene, &["pay", &bob, "2.5", "--fee-rate", "0"]);
    let waiting = balance(&scene);
    assert_ne!(waiting["reserved"], "0.00000000", "the next command knows of it: {waiting}");
    let error = scene.run("alice", &["bump", &first, "--fee-rate", "0"]).refused(1);
    assert!(error.contains("fee rate too low"), "{error}");
    let mut wallet = scene.start("alice", &["bump", &first, "--fee-rate", "6000"]);
    let second = payment(&mut wallet);
    assert_ne!(first, second);
    let _miner = scene.miner();
    let said = wallet.success();
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    assert!(is_held(&scene, &second) && !is_held(&scene, &first));
    let settled = balance(&scene);
    assert_eq!(settled["reserved"], "0.00000000", "{settled}");
    let error = scene.run("alice", &["bump", &second, "--fee-rate", "9000"]).refused(1);
    assert!(error.contains(&second), "{error}");
}

#[test]
fn a_payment_that_waits_is_cancelled() {
    let scene = scene("cancel");
    let before = balance(&scene);
    let first = sent(&scene, &["pay", &classroom_address(1), "2.5", "--fee-rate", "0"]);
    let mut wallet = scene.start("alice", &["cancel", &first]);
    let second = payment(&mut wallet);
    let _miner = scene.miner();
    let said = wallet.success();
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    assert!(is_held(&scene, &second) && !is_held(&scene, &first));
    let grains = |balance: &Value| {
        let total = balance["total"].as_str().expect("an amount");
        total.parse::<toycoin_core::Amount>().expect("an amount").grains()
    };
    let lost = grains(&before) - grains(&balance(&scene));
    assert!((1..250_000_000).contains(&lost), "the fee alone: {lost}");
}

#[test]
fn pending_change_pays_before_a_block_comes() {
    let mut scene = Scene::new("pending change", NETWORK);
    // two rewards, of which one is mature
    scene.earn(2);
    let bob = classroom_address(1);
    let first = sent(&scene, &["pay", &bob, "10"]);
    let mut wallet = scene.start("alice", &["pay", &bob, "20"]);
    let second = payment(&mut wallet);
    let _miner = scene.miner();
    wallet.success();
    assert!(is_held(&scene, &first) && is_held(&scene, &second));
    let coins = scene.run("alice", &["balance", "--coins", "--json"]).json();
    assert_eq!(coins["reserved"], "0.00000000", "{coins}");
}

#[test]
fn a_stopped_payment_is_sent_again_by_the_next_command() {
    let (scene, bob) = (scene("sent again"), classroom_address(1));
    let txid = sent(&scene, &["pay", &bob, "2.5"]);
    // nobody is left who has heard of it
    let scene = scene.with_another_network();
    let waiting = balance(&scene);
    assert_ne!(waiting["reserved"], "0.00000000", "{waiting}");
    let _miner = scene.miner();
    // a command that only looks sends it, too; a miner takes it once it has come
    let mut tries = 0;
    while !is_held(&scene, &txid) {
        tries += 1;
        assert!(tries < 50, "never confirmed: {:?}", scene.run("alice", &["balance"]));
        balance(&scene);
    }
    assert_eq!(balance(&scene)["reserved"], "0.00000000");
}

/// Runs commands until a block holds a payment.
fn confirm(scene: &Scene, txid: &str) {
    let _miner = scene.miner();
    // a command that only looks sends it, too; a miner takes it once it has come
    let mut tries = 0;
    while !is_held(scene, txid) {
        tries += 1;
        assert!(tries < 50, "never confirmed: {:?}", scene.run("alice", &["balance"]));
        balance(scene);
    }
}

#[test]
fn coins_of_a_payment_that_lost_are_free_again() {
    let (scene, bob) = (scene("lost"), classroom_address(1));
    let first = sent(&scene, &["pay", &bob, "2.5"]);
    let first_alone = scene.keeper.text("alice.sent");
    sent(&scene, &["bump", &first, "--fee-rate", "9000"]);
    // from the change of the bump, and the four other coins
    let child = sent(&scene, &["pay", &bob, "230"]);
    let bump_and_child = scene.keeper.text("alice.sent");
    assert_eq!(bump_and_child.lines().count(), 2);
    // a miner that has not heard of the bump
    let mut scene = scene.with_another_network();
    scene.keeper.secret_file("alice.sent", &first_alone);
    confirm(&scene, &first);

    // the child has the conflict of the bump, and only a reorganisation could confirm it
    scene.keeper.secret_file("alice.sent", &bump_and_child);
    let looked = scene.run("alice", &["balance", "--json"]);
    let said = looked.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("payment {child} is not confirmed: payment {first} spends its coins")), "{said}");
    assert_eq!(looked.json()["reserved"], "0.00000000");
    assert_eq!(scene.keeper.text("alice.sent"), bump_and_child);
    let miner = scene.miner();
    let paid = scene.run("alice", &["pay", &bob, "100"]);
    assert_eq!(paid.code, Some(0), "{paid:#?}");
    let (bump, child) = bump_and_child.split_once('\n').expect("two lines");
    let kept = scene.keeper.text("alice.sent");
    assert!(kept.contains(bump) && !kept.contains(child), "the child alone spends a coin of the payment: {kept}");

    drop(miner);
    scene.keeper.secret_file("alice.sent", &bump_and_child);
    let height = balance(&scene)["height"].as_u64().expect("a height");
    scene.mine_to(&bob, height + 101);
    assert_eq!(balance(&scene)["reserved"], "0.00000000");
    assert_eq!(scene.keeper.text("alice.sent"), "", "what settled, and what lost against it, is forgotten");
}

#[test]
fn a_payment_of_a_coin_that_is_gone_is_cancelled() {
    let (scene, bob) = (scene("gone"), classroom_address(1));
    let first = sent(&scene, &["pay", &bob, "2.5"]);
    let first_alone = scene.keeper.text("alice.sent");
    sent(&scene, &["bump", &first, "--fee-rate", "9000"]);
    let child = sent(&scene, &["pay", &bob, "230"]);
    let child_alone = format!("{}\n", scene.keeper.text("alice.sent").lines().last().expect("two lines"));
    let scene = scene.with_another_network();
    scene.keeper.secret_file("alice.sent", &first_alone);
    confirm(&scene, &first);
    // an earlier version forgot the bump, and kept the child for ever
    scene.keeper.secret_file("alice.sent", &child_alone);
    assert_ne!(balance(&scene)["reserved"], "0.00000000");
    let _miner = scene.miner();
    let cancelled = scene.run("alice", &["cancel", &child]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:#?}");
    assert_eq!(balance(&scene)["reserved"], "0.00000000");
}

#[test]
fn a_payment_sent_twice_is_not_forgotten() {
    let (scene, bob) = (scene("sent twice"), classroom_address(1));
    let built = scene.run("alice", &["build", &bob, "2.5", "--json"]);
    let unsigned = scene.keeper.file("unsigned.json", &built.out);
    let signed = scene.keeper.run("alice", &["sign", &unsigned, "--json"]);
    let signed = scene.keeper.file("signed.json", &signed.out);
    let txid = sent(&scene, &["send", &signed]);
    let kept = scene.keeper.text("alice.sent");
    // a node without the chain does not take it
    let (_relay, elsewhere) = Program::relay();
    let _node = node(&elsewhere, NETWORK, &["--no-mine"]);
    let again = scene.keeper.run("alice", &["send", &signed, "--relay", &elsewhere]);
    assert_eq!(again.code, Some(3), "{again:#?}");
    let said = again.err.lines().last().unwrap_or_default();
    assert!(said.contains(&format!("this node does not take payment {txid}: ")), "{again:#?}");
    assert!(said.contains("it was sent and may still be confirmed"), "{again:#?}");
    assert_eq!(scene.keeper.text("alice.sent"), kept);
    assert_ne!(balance(&scene)["reserved"], "0.00000000");
}

#[test]
fn change_of_a_payment_that_was_kept_is_not_used_again() {
    let (scene, bob) = (scene("change again"), classroom_address(1));
    let before = scene.keeper.text("alice");
    let coins = |scene: &Scene| {
        let coins = scene.run("alice", &["balance", "--coins", "--json"]).json()["coins"].clone();
        let owned = |coin: &Value| coin["state"] == "pending change";
        coins.as_array().expect("coins").iter().filter(|coin| owned(coin)).cloned().collect::<Vec<_>>()
    };
    sent(&scene, &["pay", &bob, "2.5"]);
    // as if the power had failed before the wallet's file was written
    scene.keeper.secret_file("alice", &before);
    sent(&scene, &["pay", &bob, "2.5"]);
    let change = coins(&scene);
    assert_eq!(change.len(), 2, "{change:#?}");
    assert_ne!(change[0]["address"], change[1]["address"]);
}

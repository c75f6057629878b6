//! Payments that wait for a block: paid with a higher fee, taken back, followed by another, and sent again by the next
//! command after Ctrl-C.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::{Program, classroom_address};
use sealed::Scene;
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

//! What a wallet is told elsewhere, and what it must not forget for that.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::{Program, classroom_address};
use sealed::{Scene, node};

const NETWORK: &str = "regtest";

#[test]
fn a_node_without_a_chain_makes_nobody_forget_a_payment() {
    let mut scene = Scene::new("no chain", NETWORK);
    scene.earn(6);
    let mut wallet = scene.start("alice", &["pay", &classroom_address(1), "2.5"]);
    let txid = wallet.line_with("payment ").trim_start_matches("payment ").to_owned();
    wallet.signal("INT");
    wallet.failure(3);

    let (_relay, elsewhere) = Program::relay();
    let _node = node(&elsewhere, NETWORK, &["--no-mine"]);
    let outcome = scene.keeper.run("alice", &["balance", "--relay", &elsewhere]);
    assert_eq!(outcome.success()[0], "0 toycoins at height 0");
    let said = outcome.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("payment {txid} is kept: this node's chain does not have the coins")), "{said}");

    let history = scene.run("alice", &["history", "--json"]).json();
    let last = history.as_array().and_then(|rows| rows.last()).expect("a row");
    assert!(last["txid"] == txid && last["height"].is_null(), "{last}");
}

#[test]
fn a_payment_at_its_question_replaces_no_other_one() {
    let mut scene = Scene::new("two at once", NETWORK);
    scene.earn(6);
    let coins = scene.run("alice", &["balance", "--coins", "--json"]).json();
    let coin = coins["coins"][0]["coin"].as_str().expect("a coin").to_owned();
    let pay = |amount: &str| {
        let mut wallet = scene.start("alice", &["pay", &classroom_address(1), amount, "--coin", &coin]);
        let line = wallet.line_with("payment ");
        wallet.signal("INT");
        wallet.failure(3);
        line.trim_start_matches("payment ").to_owned()
    };
    let first = pay("2.5");
    let error = scene.run("alice", &["pay", &classroom_address(1), "3", "--coin", &coin]).refused(1);
    assert!(error.contains(&first), "{error}");
    let kept = scene.keeper.text("alice.sent");
    assert_eq!(kept.lines().count(), 1, "{kept}");
}

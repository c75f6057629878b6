//! Wallets with one key that pay at the same moment, or before the last payment is confirmed: no money moves twice, and
//! no wallet says that it paid what another one paid.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::path::Path;

use common::{Program, classroom_address, classroom_key, folder};

fn node(relay: &str, more: &[&str]) -> Program {
    Program::start("node", &[&["--relay", relay, "--network", "regtest"], more].concat())
}

/// Starts a wallet that pays an amount.
fn pay(relay: &str, key: &str, amount: &str) -> Program {
    let arguments = ["pay", &classroom_address(1), amount, "--key", key, "--relay", relay, "--network", "regtest"];
    Program::start("wallet", &arguments)
}

/// Has two wallets with classroom key 0 pay these amounts at once; returns the exit code and the lines of each.
fn pay_at_once(name: &str, amounts: [&str; 2]) -> [(i32, Vec<String>); 2] {
    let (_relay, address) = Program::relay();
    // somebody who has the chain, so that the wallets know where they stand before anybody mines
    let _peer = node(&address, &["--no-mine"]);
    let folder = folder(name);
    let keys = ["key", "its copy"].map(|name| classroom_key(&folder, 0, name));
    let mut wallets = [0, 1].map(|wallet| pay(&address, &keys[wallet], amounts[wallet]));
    for wallet in &mut wallets {
        wallet.line_with("payment ");
    }
    let _miner = node(&address, &[]);
    wallets.map(Program::end)
}

/// Asserts that one has paid and the other says why not, and returns its error.
fn the_other_ones_error(ends: &[(i32, Vec<String>); 2]) -> &str {
    let (paid, not_paid): (Vec<_>, Vec<_>) = ends.iter().partition(|(code, _)| *code == 0);
    let ([(_, said)], [(1, other)]) = (&paid[..], &not_paid[..]) else { panic!("one of two pays: {ends:#?}") };
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    assert!(!other.iter().any(|line| line.starts_with("confirmed in block")), "{other:#?}");
    other.iter().find(|line| line.starts_with("error: ")).expect("it says why")
}

#[test]
fn of_one_payment_made_twice_one_wallet_says_that_it_paid() {
    let ends = pay_at_once("one payment twice", ["1.5", "1.5"]);
    let error = the_other_ones_error(&ends);
    assert!(error.contains("made the same payment") && error.contains("the money moved once"), "{error}");
}

#[test]
fn of_two_payments_of_one_coin_one_wallet_says_that_it_paid() {
    let ends = pay_at_once("two payments of one coin", ["1.5", "2.5"]);
    let error = the_other_ones_error(&ends);
    assert!(error.contains("not paid: transaction") && error.contains("spends the same coins"), "{error}");
}

/// Earns several coins for a key that had none, and returns the key's file with the node that has the chain.
fn earn(relay: &str, folder: &Path) -> (String, Program) {
    let (key, own) = (classroom_key(folder, 9, "key"), classroom_address(9));
    let mut peer = node(relay, &["--no-mine"]);
    node(relay, &["--payout", &own, "--until-height", "8"]).success();
    peer.block(8);
    (key, peer)
}

#[test]
fn of_one_payment_from_many_coins_one_wallet_says_that_it_paid() {
    let (_relay, address) = Program::relay();
    let (key, _peer) = earn(&address, &folder("many coins"));
    // of the same coins both choose the same for the same payment; other payments here need more than half of all
    for amounts in [["120", "120"], ["200", "210"]] {
        let mut wallets = amounts.map(|amount| pay(&address, &key, amount));
        for wallet in &mut wallets {
            wallet.line_with("payment ");
        }
        let miner = node(&address, &[]);
        let ends = wallets.map(Program::end);
        miner.kill();
        the_other_ones_error(&ends);
    }
}

#[test]
fn a_payment_made_again_while_it_waits_is_told_to_be_the_same() {
    let (_relay, address) = Program::relay();
    let mut peer = node(&address, &["--no-mine"]);
    let folder = folder("again");
    let [key, copy] = ["key", "its copy"].map(|name| classroom_key(&folder, 0, name));
    let mut first = pay(&address, &key, "1.5");
    let paid = first.line_with("payment ");
    let mut second = pay(&address, &copy, "1.5");
    assert_eq!(second.line_with("payment "), paid, "both choose the same coin");
    let _miner = node(&address, &[]);
    peer.block(1);
    let ends = [first.end(), second.end()];
    assert!(the_other_ones_error(&ends).contains("the money moved once"), "{ends:#?}");
    // once it is confirmed, the same order is another payment
    let mut third = pay(&address, &key, "1.5");
    assert_ne!(third.line_with("payment "), paid);
    third.success();
}

/// A wallet keeps what it sent beside its file. Another run with that file knows of it, and pays from its change.
#[test]
fn a_payment_made_again_with_one_file_is_another_one() {
    let (_relay, address) = Program::relay();
    let mut peer = node(&address, &["--no-mine"]);
    let key = classroom_key(&folder("one file"), 0, "key");
    let mut first = pay(&address, &key, "1.5");
    let paid = first.line_with("payment ");
    let mut second = pay(&address, &key, "1.5");
    assert_ne!(second.line_with("payment "), paid, "it spends the change of the first");
    let _miner = node(&address, &[]);
    peer.block(1);
    for wallet in [first, second] {
        let said = wallet.success();
        assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    }
}

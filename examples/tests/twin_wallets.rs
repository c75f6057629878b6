//! Two wallets with one key that pay at the same moment: the money moves once, and one of them alone says that it paid.

mod common;

use common::{Program, folder};
use toycoin_core::{SecretKey, hex::Hex};

/// Has two wallets with classroom key 0 pay these amounts at once; returns the exit code and the lines of each.
fn pay_at_once(name: &str, amounts: [&str; 2]) -> [(i32, Vec<String>); 2] {
    let (_relay, address) = Program::relay();
    // somebody who has the chain, so that the wallets know where they stand before anybody mines
    let _peer = Program::start("node", &["--relay", &address, "--network", "regtest", "--no-mine"]);
    let folder = folder(name);
    let mut wallets = [(amounts[0], "key"), (amounts[1], "its copy")].map(|(amount, name)| {
        let key = folder.join(name);
        std::fs::write(&key, format!("{}\n", Hex(&SecretKey::classroom(0).to_bytes()))).expect("a place for files");
        let elsewhere = "treg1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5qhrx420";
        let key = key.to_str().expect("a name in UTF-8");
        let arguments = ["pay", elsewhere, amount, "--key", key, "--relay", &address, "--network", "regtest"];
        Program::start("wallet", &arguments)
    });
    for wallet in &mut wallets {
        wallet.line_with("paying");
    }
    let _miner = Program::start("node", &["--relay", &address, "--network", "regtest"]);
    wallets.map(Program::end)
}

/// Asserts that one has paid and the other says why not, and returns its error.
fn the_other_ones_error(ends: &[(i32, Vec<String>); 2]) -> &str {
    let (paid, not_paid): (Vec<_>, Vec<_>) = ends.iter().partition(|(code, _)| *code == 0);
    let ([(_, said)], [(1, other)]) = (&paid[..], &not_paid[..]) else { panic!("one of two pays: {ends:#?}") };
    assert!(said.iter().any(|line| line.starts_with("confirmed at height")), "{said:#?}");
    assert!(!other.iter().any(|line| line.starts_with("confirmed at height")), "{other:#?}");
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

//! What a payer sees: the fee before anything is sent, why a payment waits, and the history afterwards.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::process::Command;

use common::{Program, classroom_address, classroom_key, folder, path_of};

fn bob() -> String {
    classroom_address(1)
}

/// A relay, a node without a miner, and the key of a classroom wallet: 100 toycoins for Alice.
struct Scene {
    _relay: Program,
    address: String,
    _peer: Program,
    key: String,
}

impl Scene {
    fn new(name: &str) -> Self {
        let (relay, address) = Program::relay();
        let peer = node(&address, &["--no-mine"]);
        let key = classroom_key(&folder(name), 0, "key");
        Self { _relay: relay, address, _peer: peer, key }
    }

    fn wallet(&self, arguments: &[&str]) -> Program {
        let common = ["--key", &self.key, "--relay", &self.address, "--network", "regtest"];
        Program::start("wallet", &[arguments, &common].concat())
    }
}

fn node(relay: &str, more: &[&str]) -> Program {
    Program::start("node", &[&["--relay", relay, "--network", "regtest"], more].concat())
}

/// The address that a wallet shows, with or without what it says about a key of earlier versions.
fn address_in(said: &[String]) -> String {
    let is_address = |line: &&String| line.parse::<toycoin_core::Address>().is_ok();
    said.iter().find(is_address).unwrap_or_else(|| panic!("no address: {said:#?}")).clone()
}

fn has(said: &[String], line: &str) -> bool {
    said.iter().any(|said| said == line)
}

#[test]
fn the_fee_is_shown_and_a_dry_run_sends_nothing() {
    let scene = Scene::new("dry run");
    // nobody mines: a payment that was sent would wait
    let said = scene.wallet(&["pay", &bob(), "2.5", "--dry-run"]).success();
    for line in [
        "amount   2.50",
        "fee      0.0098  5,000 grains per byte, 196 bytes",
        "total    2.5098",
        "change  97.4902",
        "left    97.4902",
        "dry run: nothing was sent",
    ] {
        assert!(has(&said, line), "{line}: {said:#?}");
    }
    assert!(!said.iter().any(|line| line.starts_with("payment ")), "{said:#?}");
}

#[test]
fn an_absurd_fee_is_refused_unless_it_is_agreed_to() {
    let scene = Scene::new("absurd");
    let _miner = node(&scene.address, &[]);
    // `--yes` is for scripts, which agree to usual fees
    for agreed in [&[][..], &["--yes"]] {
        let error = scene.wallet(&[&["pay", &bob(), "0.001"], agreed].concat()).failure(1);
        assert!(error.contains("not done: the fee, 0.0098, is more than the amount, 0.001; --yes-really"), "{error}");
    }
    let said = scene.wallet(&["pay", &bob(), "0.001", "--yes-really"]).success();
    assert!(said.iter().any(|line| line.starts_with("warning: the fee, 0.0098")), "{said:#?}");
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    // and nobody needs to pay one
    let said = scene.wallet(&["pay", &bob(), "0.001", "--fee-rate", "0"]).success();
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    let error = scene.wallet(&["pay", &bob(), "1", "--fee-rate", "100001"]).failure(1);
    assert!(error.contains("100,001 grains per byte; more than 100,000 looks like a mistake"), "{error}");
}

#[test]
fn a_fee_that_nodes_refuse_is_said_before_anything_is_sent() {
    let (_relay, address) = Program::relay();
    let on_reference = ["--relay", &address, "--network", "reference"];
    let _peer = Program::start("node", &[&["--no-mine"], &on_reference[..]].concat());
    let key = classroom_key(&folder("too low"), 0, "key");
    let own = address_in(&Program::start("wallet", &["address", "--key", &key, "--network", "reference"]).success());
    let pay = ["pay", &own, "1", "--fee-rate", "0", "--key", &key];
    let error = Program::start("wallet", &[&pay[..], &on_reference[..]].concat()).failure(1);
    assert!(error.contains("fee too low: 0 grains per byte") && error.contains("try --fee-rate 1"), "{error}");
}

/// `script` (util-linux) gives a program a terminal, and its own input to that.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_payer_is_asked() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: there is no `script`");
        return;
    }
    let scene = Scene::new("asked");
    let _miner = node(&scene.address, &[]);
    for (answer, code, line) in [("n", 1, "nothing was sent"), ("y", 0, "confirmed in block")] {
        let wallet = format!(
            "{} pay {} 2.5 --key '{}' --relay {} --network regtest",
            path_of("wallet").display(),
            bob(),
            scene.key,
            scene.address
        );
        let mut command = Command::new("bash");
        command.args(["-c", "echo $0 | TERM=dumb script -qec \"$1\" /dev/null", answer, &wallet]);
        let (mut child, lines) = common::start(command);
        let said: Vec<_> = lines.iter().collect();
        assert_eq!(child.0.wait().expect("it was started here").code(), Some(code), "{answer}: {said:#?}");
        for wanted in ["pay? [y/N]", "fee      0.0098", line] {
            assert!(said.iter().any(|said| said.contains(wanted)), "{wanted}: {said:#?}");
        }
        assert_eq!(said.iter().any(|said| said.contains("payment ")), answer == "y", "{said:#?}");
    }
}

#[test]
fn a_payment_that_waits_says_that_no_block_comes() {
    let scene = Scene::new("quiet");
    let mut wallet = scene.wallet(&["pay", &bob(), "2.5"]);
    let note = wallet.line_with("note: not confirmed");
    assert!(note.starts_with("note: not confirmed yet: no block came for 1"), "{note}");
    let _miner = node(&scene.address, &[]);
    let said = wallet.success();
    assert_eq!(said.iter().filter(|line| line.contains("no block came")).count(), 1, "once: {said:#?}");
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
}

#[test]
fn a_payment_that_is_left_out_and_interrupted_is_no_success() {
    let scene = Scene::new("left out");
    // it takes no payment for less
    let _miner = node(&scene.address, &["--min-fee-rate", "5001"]);
    let mut wallet = scene.wallet(&["pay", &bob(), "2.5"]);
    wallet.line_with("payment ");
    wallet.line_with("had room for it");
    wallet.signal("INT");
    let error = wallet.failure(3);
    assert!(error.contains("stopped before a confirmation; it was sent and may still be confirmed"), "{error}");
}

#[test]
fn a_payment_that_was_not_sent_says_so_when_it_is_interrupted() {
    // somebody listens, and never says that it is a relay
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let key = classroom_key(&folder("not sent"), 0, "key");
    let pay = ["pay", &bob(), "2.5", "--network", "regtest", "--key", &key, "--relay", &address];
    let wallet = Program::start("wallet", &pay);
    let _connection = silent.accept().expect("it connects");
    wallet.signal("INT");
    assert_eq!(wallet.failure(1), "error: not paid: stopped, and nothing was sent");
}

#[test]
fn a_payment_without_blocks_is_given_up_with_a_next_step() {
    let scene = Scene::new("given up");
    let mut wallet = scene.wallet(&["pay", &bob(), "2.5"]);
    let id = wallet.line_with("payment ");
    let error = wallet.failure(3);
    assert!(error.contains("no block came for 1 min; it was sent and may still be confirmed"), "{error}");
    assert!(error.contains(&format!("`wallet tx {}`", id.trim_start_matches("payment "))), "{error}");
}

#[test]
fn history_is_told_in_plain_words() {
    let scene = Scene::new("history");
    let _miner = node(&scene.address, &[]);
    let own = address_in(&scene.wallet(&["address"]).success());
    let paid = scene.wallet(&["pay", &bob(), "2.5"]).success();
    scene.wallet(&["pay", &own, "1"]).success();
    let said = scene.wallet(&["history"]).success();
    assert!(said.iter().any(|line| line.contains("block ") && line.ends_with("allotted at genesis")), "{said:#?}");
    assert!(said.iter().any(|line| line.ends_with("-2.5098  paid to Bob, fee 0.0098")), "{said:#?}");
    assert!(said.iter().any(|line| line.ends_with("-0.0098  to myself, the fee")), "{said:#?}");
    for balance in ["balance 100", "balance 97.4902", "balance 97.4804"] {
        assert!(said.iter().any(|line| line.starts_with("  ") && line.ends_with(balance)), "{balance}: {said:#?}");
    }
    // the path of this key is longer than a line
    let mut wide = said.iter().filter(|line| line.chars().count() > 80);
    assert!(wide.all(|line| line.contains("one key without a passphrase")), "{said:#?}");
    let id = paid.iter().find_map(|line| line.strip_prefix("payment ")).expect("its id");
    assert!(has(&said, &format!("  {id}")), "{said:#?}");
    let bobs = classroom_key(&folder("history of Bob"), 1, "key");
    let bobs =
        Program::start("wallet", &["history", "--key", &bobs, "--relay", &scene.address, "--network", "regtest"]);
    let said = bobs.success();
    assert!(said.iter().any(|line| line.ends_with("+2.50  received from Alice")), "{said:#?}");
    let nobodys = classroom_key(&folder("no history"), 9, "key");
    let arguments = ["history", "--key", &nobodys, "--relay", &scene.address, "--network", "regtest"];
    let said = Program::start("wallet", &arguments).success();
    assert!(said.iter().any(|line| line.starts_with("no payments yet")), "{said:#?}");
}

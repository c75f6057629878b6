//! A wallet without a chain: it pays, waits, and proves, with the same answers as one that has the chain.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::fs;

use common::{Program, classroom_address, classroom_key, folder, free_address};
use toycoin_core::{ChainParams, SecretKey, Txid};

/// A network on which blocks come quickly.
const QUICK: &str = "regtest";

/// A relay and two nodes, one of which mines, and the key of a classroom wallet: 100 toycoins for Alice.
struct Scene {
    _relay: Program,
    address: String,
    nodes: Vec<Program>,
    folder: std::path::PathBuf,
    key: String,
    network: &'static str,
}

impl Scene {
    fn new(name: &str, network: &'static str) -> Self {
        let (relay, address) = Program::relay();
        let nodes = [&["--no-mine"][..], &["--delay", "100"]].map(|more| node(&address, network, more)).into();
        let folder = folder(name);
        let key = classroom_key(&folder, 0, "key");
        Self { _relay: relay, address, nodes, folder, key, network }
    }

    fn wallet(&self, arguments: &[&str]) -> Program {
        let common = ["--key", &self.key, "--relay", &self.address, "--network", self.network];
        Program::start("wallet", &[arguments, &common].concat())
    }

    /// Runs the wallet without a chain until it succeeds.
    fn light(&self, arguments: &[&str]) -> Vec<String> {
        self.wallet(&[arguments, &["--light"]].concat()).success()
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a name in UTF-8").to_owned()
    }
}

fn node(relay: &str, network: &str, more: &[&str]) -> Program {
    let common = ["--relay", relay, "--network", network, "--threads", "1"];
    Program::start("node", &[&common, more].concat())
}

fn line<'a>(said: &'a [String], text: &str) -> &'a str {
    said.iter().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {said:#?}"))
}

/// The toycoins in a line such as `97.50 toycoins at height 8`.
fn balance(said: &[String]) -> String {
    line(said, " toycoins at height ").split(' ').next().expect("a number").to_owned()
}

/// The words of all lines, whatever the columns are.
fn words(said: &[String]) -> String {
    said.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paid(said: &[String]) -> Txid {
    let line = said.iter().find_map(|line| line.strip_prefix("payment "));
    line.and_then(|txid| txid.parse().ok()).unwrap_or_else(|| panic!("no payment: {said:#?}"))
}

#[test]
fn pays_waits_and_proves_without_a_chain() {
    let mut scene = Scene::new("light", QUICK);
    // from here on a tip needs a proof
    scene.nodes[1].block(150);
    assert_eq!(balance(&scene.light(&["balance"])), "100");
    assert!(fs::metadata(scene.path("key.light")).expect("a state").len() > 0);

    let bob = classroom_address(1);
    let said = scene.light(&["pay", &bob, "2.5", "--wait", "2"]);
    let txid = paid(&said).to_string();
    assert!(line(&said, "confirmed in block ").contains(" confirmation"), "{said:#?}");
    assert_eq!(balance(&said), "97.4902");
    assert!(!said.iter().any(|line| line.starts_with("doubt:")), "there are two nodes: {said:#?}");

    // the same answers as with the chain
    let (light, full) = (scene.light(&["history"]), scene.wallet(&["history"]).success());
    for text in ["-2.5098", "allotted at genesis", &txid] {
        assert_eq!(line(&light, text), line(&full, text));
    }
    assert_eq!(balance(&light), balance(&full));

    // a birthday that no block has reached yet: what genesis allotted is all that is known
    let late = scene.light(&["rescan", "--from", "5000000"]);
    assert_eq!(balance(&late), "100");
    assert!(words(&late).contains("first in block 5000000 or later"), "{late:#?}");
    assert_eq!(balance(&scene.light(&["rescan", "--from", "1"])), balance(&full));

    // a receipt on standard output alone, which anybody verifies without a network
    let receipt = scene.path("receipt.json");
    let prove = format!("exec \"$0\" prove {txid} --network regtest --relay {} > '{receipt}'", scene.address);
    let said = Program::shell("wallet", &prove).success();
    assert!(line(&said, "the receipt shows the payment in block").contains("confirmation"), "{said:#?}");
    let verify = |file: &str| Program::start("wallet", &["verify", file, "--network", "regtest"]);
    let shown = words(&verify(&receipt).success());
    for text in [
        &*format!("payment {txid}"),
        &format!("pays 2.50 to {bob}"),
        "of the whole chain",
        "not shown that this is the best chain",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let text = fs::read_to_string(&receipt).expect("a receipt");
    assert!(text.lines().count() == 1 && text.contains("\"ancestry\""), "one line");
    let tampered = scene.path("tampered.json");
    fs::write(&tampered, text.replacen("\"value\":250000000", "\"value\":950000000", 1)).expect("a place for files");
    assert!(verify(&tampered).failure(1).contains("the block does not hold the transaction"));
    let error = Program::start("wallet", &["verify", &receipt]).failure(1);
    assert!(error.contains("try --network regtest"), "{error}");
}

#[test]
fn a_young_chain_gives_receipts_with_headers() {
    // the 102 blocks that a proof needs take minutes here
    let scene = Scene::new("light young", "lab");
    let address = |index| ChainParams::lab().address(SecretKey::classroom(index).public_key()).to_string();
    let (alice, bob) = (address(0), address(1));
    let txid = paid(&scene.light(&["pay", &bob, "1"])).to_string();
    let receipt = scene.path("receipt.json");
    let prove = format!("exec \"$0\" prove {txid} --relay {} > '{receipt}'", scene.address);
    Program::shell("wallet", &prove).success();
    let shown = words(&Program::start("wallet", &["verify", &receipt]).success());
    for text in [&*format!("pays 1 to {bob}"), &format!("signed by {alice}"), "of these headers"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn one_node_alone_is_doubted_and_a_broken_state_made_anew() {
    let (_relay, address) = Program::relay();
    let mut node = node(&address, QUICK, &["--delay", "100"]);
    node.block(120);
    let folder = folder("light alone");
    let key = classroom_key(&folder, 2, "key");
    fs::write(format!("{key}.light"), "no state").expect("a place for files");
    let arguments = ["balance", "--light", "--key", &key, "--relay", &address, "--network", "regtest"];
    let said = Program::start("wallet", &arguments).success();
    assert!(line(&said, "key.light is broken; it is made anew").starts_with("note: "));
    assert!(words(&said).contains("doubt: from block 1 on, one node alone told"), "{said:#?}");
    let again = Program::start("wallet", &arguments).success();
    // what every command says of a key of earlier versions
    let notes = again.iter().filter(|line| line.starts_with("note: ") && !line.contains("one key without")).count();
    assert_eq!(notes, 0, "{again:#?}");
    // an earlier state of another key
    let other = classroom_key(&folder, 3, "key");
    let said = Program::start("wallet", &arguments).success();
    assert!(line(&said, "is of another key or network").starts_with("note: "), "{other}: {said:#?}");
}

#[test]
fn what_no_block_holds_has_no_receipt() {
    let mut scene = Scene::new("light nothing", QUICK);
    scene.nodes[1].block(110);
    let nothing = "ab".repeat(32);
    let error = scene.wallet(&["prove", &nothing]).failure(1);
    assert!(error.contains(&format!("no block holds payment {nothing}")), "{error}");
}

#[test]
fn nobody_there_is_said() {
    let address = free_address();
    let folder = folder("light nowhere");
    let key = classroom_key(&folder, 0, "key");
    let common = ["--light", "--key", &key, "--network", "regtest", "--relay"];
    let error = Program::start("wallet", &[&["balance"], &common[..], &[&address]].concat()).failure(3);
    assert!(error.contains("cannot reach a relay") && error.contains(&address), "{error}");
    let (_relay, empty) = Program::relay();
    let patience = ["--patience", "2"];
    let error = Program::start("wallet", &[&["balance"], &common[..], &[&empty], &patience[..]].concat()).failure(3);
    assert!(error.contains("nobody answered within 2 s"), "{error}");
}

#[test]
fn bad_receipts_and_arguments_are_refused() {
    let folder = folder("light receipts");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    let verify = |name: &str| Program::start("wallet", &["verify", &path(name)]);
    assert!(verify("missing").failure(1).contains("cannot read"));
    fs::write(path("empty"), "").expect("a place for files");
    assert!(verify("empty").failure(1).contains("is no receipt: byte 0"));
    fs::write(path("long"), vec![b' '; (4 << 20) + 1]).expect("a place for files");
    assert!(verify("long").failure(1).contains("a receipt has at most"));
    for arguments in [
        &["verify"][..],
        &["prove", "1234"],
        &["balance", "--birthday", "0"],
        &["mempool", "--light"],
        &["block", "7", "--light"],
    ] {
        let (code, said) = Program::start("wallet", arguments).end();
        assert_eq!(code, 2, "{arguments:?}: {said:#?}");
    }
}

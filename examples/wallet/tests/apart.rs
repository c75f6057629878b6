//! A wallet on two machines: one has the network and no key, the other one has the key and no network. And what needs
//! no network at all: labels and signed texts. Each of these commands prints one value with `--json`.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::{classroom_address, classroom_key, free_address};
use sealed::{Keeper, Scene};
use serde_json::Value;

const NETWORK: &str = "regtest";

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field}: {value}"))
}

#[test]
fn a_watched_payment_is_signed_apart_and_sent() {
    let mut scene = Scene::new("apart", NETWORK);
    scene.earn(6);
    let (xpub, bob) = (scene.keeper.xpub("alice"), classroom_address(1));
    scene.keeper.run_locked("watch", &["new", "--watch-only", &xpub]).success();
    let _miner = scene.miner();
    let built = scene.run("watch", &["build", &bob, "2.5", "--json"]);
    built.json();
    let unsigned = scene.keeper.file("unsigned.json", &built.out);
    let error = scene.keeper.run("watch", &["sign", &unsigned]).refused(1);
    assert!(error.contains("only watches"), "{error}");
    // neither is asked for a network: nobody listens there
    let nowhere = free_address();
    let offline = ["sign", &unsigned, "--relay", &nowhere, "--json"];
    let signed = scene.keeper.run("alice", &offline);
    signed.json();
    let signed = scene.keeper.file("signed.json", &signed.out);
    let sent = scene.run("watch", &["send", &signed, "--json"]).json();
    assert_eq!(sent["status"], "confirmed");
    // once more, with the wallet and on a computer without it, it is the same payment, which is confirmed
    std::fs::create_dir_all(scene.keeper.path("without")).expect("a folder");
    let mut bare = std::process::Command::new(common::path_of("wallet"));
    bare.args(["send", &signed, "--json", "--relay", &scene.relay, "--network", NETWORK]);
    bare.current_dir(scene.keeper.path("without"));
    for again in [scene.run("watch", &["send", &signed, "--json"]), sealed::Outcome::of(bare, "")] {
        let answer = again.json();
        assert!(answer["txid"] == sent["txid"] && answer["status"] == "confirmed", "{again:#?}");
    }
    let row = scene.run("alice", &["history", "--json"]);
    assert!(row.json().is_array() && row.out.contains(text(&sent, "txid")), "{row:#?}");
    // a file for another wallet is not signed, and a broken one is none
    scene.keeper.new_wallet("other");
    assert!(scene.keeper.run("other", &["sign", &unsigned]).refused(1).contains("not of this wallet"));
    let half = scene.keeper.file("half.json", &built.out[..built.out.len() / 2]);
    scene.keeper.run("alice", &["sign", &half]).refused(1);
    scene.keeper.run("alice", &["send", &half, "--relay", &nowhere]).refused(1);
    scene.keeper.run("alice", &["send", &signed, "--relay", &nowhere]).refused(3);
}

#[test]
fn labels_go_from_one_wallet_to_another() {
    let keeper = Keeper::new("labels apart", NETWORK);
    let words = keeper.new_wallet("old");
    let address = keeper.address("old");
    let txid = "ab".repeat(32);
    assert_eq!(keeper.run_locked("old", &["label", &txid, "rent, and heat", "--json"]).json()["type"], "tx");
    assert_eq!(keeper.run_locked("old", &["label", &address, "the till", "--json"]).json()["type"], "addr");
    let out = keeper.path("out.jsonl");
    assert_eq!(keeper.run_locked("old", &["labels", "export", &out, "--json"]).json()["labels"], 2);
    assert!(keeper.run_locked("old", &["labels", "export", &out]).refused(1).contains("is there already"));
    keeper.run_with("new", &["restore"], &words).success();
    assert_eq!(keeper.run_locked("new", &["labels", "import", &out, "--json"]).json()["taken"], 2);
    assert_eq!(keeper.run_locked("new", &["addresses", "--json"]).json()[0]["label"], "the till");
    // an empty text takes one back, once
    keeper.run_locked("new", &["label", &address, ""]).success();
    keeper.run_locked("new", &["label", &address, ""]).refused(1);
    assert!(keeper.run_locked("new", &["addresses", "--json"]).json()[0]["label"].is_null());
    for (name, line) in [
        ("none.jsonl", "no label\n"),
        ("half.jsonl", "{\"type\":\"tx\""),
        ("short.jsonl", "{\"type\":\"tx\",\"ref\":\"ab\",\"label\":\"rent\"}"),
        ("other.jsonl", "{\"type\":\"addr\",\"ref\":\"bc1q34aq5drpuwy3\",\"label\":\"rent\"}"),
    ] {
        let path = keeper.file(name, line);
        keeper.run_locked("new", &["labels", "import", &path]).refused(1);
    }
    keeper.run_locked("new", &["labels", "import", &keeper.path("missing")]).refused(1);
    keeper.run_locked("new", &["label", "neither id nor address", "rent"]).refused(1);
}

#[test]
fn a_signed_text_is_verified_by_anybody() {
    let keeper = Keeper::new("texts apart", NETWORK);
    keeper.new_wallet("alice");
    let second = keeper.run_locked("alice", &["address", "--new"]).success().remove(0);
    let signed = keeper.run("alice", &["sign-message", "I live here", "--address", &second, "--json"]).json();
    assert_eq!(text(&signed, "address"), second);
    let signature = text(&signed, "signature");
    let verify = |address: &str, text: &str, signature: &str| {
        keeper.run_locked("none", &["verify-message", address, text, signature, "--json"])
    };
    assert_eq!(verify(&second, "I live here", signature).json()["verified"], true);
    let first = keeper.run("alice", &["sign-message", "I live here", "--json"]).json();
    assert_ne!(first["address"], signed["address"]);
    for (address, text, signature) in [
        (&*second, "I lived here", signature),
        (text(&first, "address"), "I live here", signature),
        (&second, "I live here", text(&first, "signature")),
    ] {
        assert!(verify(address, text, signature).refused_after_its_price(1).contains("the signature is not that of"));
    }
    verify(&second, "I live here", &signature[1..]).refused(2);
    let error = keeper.run("alice", &["sign-message", "mine", "--address", &classroom_address(1)]).refused(1);
    assert!(error.contains("not of this wallet"), "{error}");
}

#[test]
fn an_old_key_is_moved_and_a_rescan_finds_its_coins() {
    let mut scene = Scene::new("import", NETWORK);
    scene.earn(1);
    let _miner = scene.miner();
    scene.peer.block(3);
    let total = |scene: &Scene| text(&scene.run("alice", &["balance", "--json"]).json(), "total").to_owned();
    assert_eq!(total(&scene), "50.00000000");
    let key = classroom_key(&scene.keeper.folder, 0, "toycoin.key");
    let moved = scene.run("alice", &["import", &key, "--fee-rate", "0", "--json"]).json();
    assert_eq!((text(&moved, "status"), text(&moved, "amount")), ("confirmed", "100.00000000"));
    assert_eq!(total(&scene), "150.00000000");
    assert!(scene.run("alice", &["import", &key]).refused(1).contains("has no coins"));
    let scanned = scene.run("alice", &["rescan", "--json"]).json();
    assert_eq!(text(&scanned, "total"), "150.00000000");
    let light = scene.run("alice", &["rescan", "--light", "--json"]).json();
    assert_eq!(text(&light, "total"), "150.00000000");
}

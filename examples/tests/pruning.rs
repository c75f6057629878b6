//! A node that deletes its old blocks: it says so once, goes on, and says what it cannot do any more.

mod common;

use std::path::Path;

use common::{Program, folder, free_address};
use toycoin_core::{
    Chain, ChainParams, PublicKey,
    snapshot::{DEPTH, INTERVAL},
};
use toycoin_node::store::RedbStore;

/// Makes a chain that offers two snapshots.
fn make_chain(data: &Path) {
    let params = ChainParams::regtest();
    let store = RedbStore::open(data, &params).expect("a new store");
    let mut chain = Chain::open(params, store).expect("a chain");
    for height in 1..=2 * INTERVAL + DEPTH {
        let time = chain.tip().time + 1;
        let template = chain.template(Vec::new(), PublicKey::ZERO, b"", time).expect("a template");
        chain.apply(template.mine_trivial(), u64::MAX).expect("a valid block");
        if height % 512 == 0 {
            chain.sync().expect("it is written");
        }
    }
}

/// Starts a node without peers on a chain in a directory.
fn node(data: &Path, more: &[&str]) -> Program {
    let (path, relay) = (data.to_str().expect("a name in UTF-8"), free_address());
    Program::start("node", &[&["--relay", &relay, "--network", "regtest", "--data", path], more].concat())
}

fn says(said: &[String], text: &str) -> bool {
    said.iter().any(|line| line.contains(text))
}

#[test]
fn node_prunes_once_and_says_what_it_lacks() {
    let folder = folder("pruned");
    let data = folder.join("chain");
    make_chain(&data);
    let said = node(&data, &["--until-height", "1"]).success();
    assert!(!says(&said, "pruned"), "only on request: {said:#?}");
    let said = node(&data, &["--prune", "--until-height", "1"]).success();
    assert!(says(&said, "pruned: blocks 1 to 2,047 are gone, "), "{said:#?}");
    assert!(says(&said, "at height 4384"), "{said:#?}");
    let said = node(&data, &["--prune", "--until-height", "1"]).success();
    assert!(!says(&said, "pruned"), "there is nothing left to win: {said:#?}");

    let said = node(&data, &["--check"]).success();
    assert!(says(&said, "is sound: height 4384") && says(&said, "no blocks below height 2,048"), "{said:#?}");
    assert!(node(&data, &["--reindex"]).failure(1).contains("remove the directory"));
    let export = folder.join("chain.json");
    let export = export.to_str().expect("a name in UTF-8");
    for more in [&["--until-height", "1"][..], &["--check"]] {
        let error = node(&data, &[&["--export", export], more].concat()).failure(1);
        assert!(error.contains("no blocks below height 2048 to export"), "{error}");
    }
}

#[test]
fn pruning_needs_a_directory_and_nothing_else_to_do() {
    for (arguments, wrong) in [
        (&["--prune"][..], "--data"),
        (&["--data", "chain", "--prune", "--check"], "--check"),
        (&["--data", "chain", "--prune", "--reindex"], "--reindex"),
    ] {
        let (code, said) = Program::start("node", arguments).end();
        assert!(code == 2 && says(&said, wrong), "{arguments:?}: {code}, {said:#?}");
    }
}

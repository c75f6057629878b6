//! A node begins with a snapshot, says that its balances are assumed, and stops to say so once it has validated the
//! blocks below. Until then it has no chain to export.

mod common;

use std::path::Path;

use common::{Program, folder};
use toycoin_core::{
    Chain, ChainParams, PublicKey,
    snapshot::{DEPTH, INTERVAL},
};
use toycoin_node::store::RedbStore;

/// Blocks above the snapshot, besides those that every snapshot needs.
const MORE: u64 = 3;

/// Makes a store of a chain that ends before the first snapshot.
fn nearly_there(data: &Path) {
    let params = ChainParams::regtest();
    let store = RedbStore::open(data, &params).expect("a new store");
    let mut chain = Chain::open(params, store).expect("a chain");
    for _ in 1..INTERVAL {
        let time = chain.tip().time + 1;
        let template = chain.template(Vec::new(), PublicKey::ZERO, b"", time).expect("a template");
        chain.apply(template.mine_trivial(), u64::MAX).expect("a valid block");
    }
    chain.sync().expect("it is written");
}

fn node(relay: &str, data: &Path, more: &[&str]) -> Program {
    let path = data.to_str().expect("a name in UTF-8");
    let common = ["--relay", relay, "--network", "regtest", "--data", path, "--threads", "1"];
    Program::start("node", &[&common, more].concat())
}

#[test]
fn node_begins_with_a_snapshot_and_validates_it() {
    let (_relay, relay) = Program::relay();
    let folder = folder("snapshot");
    let [full, young] = ["full", "young"].map(|name| folder.join(name));
    nearly_there(&full);
    let tip = INTERVAL + DEPTH + MORE;
    node(&relay, &full, &["--delay", "0", "--until-height", &tip.to_string()]).success();
    let mut server = node(&relay, &full, &["--no-mine"]);
    server.line_with("at height");

    let export = folder.join("export");
    let path = export.to_str().expect("a name in UTF-8");
    let exporting = ["--no-mine", "--snapshot", "--until-height", &tip.to_string(), "--export", path];
    let error = node(&relay, &folder.join("exporting"), &exporting).failure(1);
    assert!(error.contains("to export, since it is pruned or began with a snapshot"), "{error}");

    let mut first = node(&relay, &young, &["--no-mine", "--snapshot"]);
    let begun = first.line_with("begins with the snapshot");
    assert!(begun.contains(&format!("of height {INTERVAL}: ")) && begun.contains("assumed"), "{begun}");
    let at_first = first.line_with("at height");
    assert!(at_first.contains(&format!("at height {INTERVAL},")), "{at_first}");
    first.line_with("balances are assumed");
    first.line_with("after the next start no balance is assumed");
    first.signal("INT");
    first.success();

    // a chain like any other
    let said = node(&relay, &young, &exporting).success();
    assert!(!said.iter().any(|line| line.contains("assumed")), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("exported")), "{said:#?}");
}

//! A node compacts its database only when there is something to gain, says so, and remembers it. It can be stopped in
//! the midst of it.

mod common;

use std::{fs, path::Path};

use common::{Program, folder, free_address};
use toycoin_core::{
    Amount, Chain, ChainParams, PublicKey, Transaction, TxOut,
    store::{ChainStore as _, WaitingTransaction},
};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, RedbStore};

/// Makes a store whose database is mostly filled by transactions that wait. None of them is valid, so a node drops them,
/// and the place that they took is free.
fn full_of_waste(data: &Path) -> u64 {
    let params = ChainParams::regtest();
    let made = data.with_extension("made");
    let mut store = RedbStore::open(&made, &params).expect("a new store");
    let waiting = (1..=50).map(|value| {
        let output = TxOut { value: Amount::from_grains(value), owner: PublicKey::ZERO };
        let (inputs, outputs, signatures) = (Vec::new(), vec![output; 2_000], Vec::new());
        let transaction = Transaction { version: Transaction::VERSION, inputs, outputs, signatures };
        WaitingTransaction { transaction, own: false, returned: false }
    });
    store.keep_waiting(waiting.collect()).expect("it is noted");
    store.sync().expect("it is written");
    // behind the waste, so that the file cannot simply be cut
    let mut chain = Chain::open(params, store).expect("a chain");
    for height in 1..=300 {
        let time = chain.tip().time + 1;
        let template = chain.template(Vec::new(), PublicKey::ZERO, b"", time).expect("a template");
        chain.apply(template.mine_trivial(), u64::MAX).expect("a valid block");
        if height % 50 == 0 {
            chain.sync().expect("it is written");
        }
    }
    // a copy of the open store, as a kill leaves it: closing it would count what is in use
    fs::create_dir_all(data).expect("a place for files");
    for file in [INDEX_FILE, BODIES_FILE] {
        fs::copy(made.join(file), data.join(file)).expect("a copy");
    }
    drop(chain);
    fs::metadata(data.join(INDEX_FILE)).expect("a file").len()
}

/// Starts a node that ends at once, since its chain is long enough, and compacts its database on the way.
fn start(data: &Path) -> Program {
    let path = data.to_str().expect("a name in UTF-8");
    let relay = free_address();
    Program::start("node", &["--relay", &relay, "--network", "regtest", "--data", path, "--until-height", "1"])
}

#[cfg(unix)]
#[test]
fn two_signals_amid_a_compaction_leave_the_store_sound() {
    let folder = folder("stopped");
    let wasteful = folder.join("wasteful");
    full_of_waste(&wasteful);
    for attempt in 0..5 {
        let data = folder.join(attempt.to_string());
        fs::create_dir_all(&data).expect("a place for files");
        for file in [INDEX_FILE, BODIES_FILE] {
            fs::copy(wasteful.join(file), data.join(file)).expect("a copy");
        }
        let mut node = start(&data);
        node.line_with("compacting the database: ");
        node.signal("TERM");
        node.signal("TERM");
        let (code, said) = node.end();
        // it may have been done before the second one came
        assert!([0, 143].contains(&code), "{code}: {said:#?}");
        start(&data).success();
        let path = data.to_str().expect("a name in UTF-8");
        let check = ["--network", "regtest", "--data", path, "--check"];
        let said = Program::start("node", &check).success();
        assert!(said.iter().any(|line| line.contains("is sound: height 300, ")), "{said:#?}");
    }
}

#[test]
fn database_is_compacted_once_and_only_with_something_to_gain() {
    let data = folder("waste").join("chain");
    let before = full_of_waste(&data);
    let compactions =
        |said: &[String]| said.iter().filter(|line| line.starts_with("compacting the database: ")).count();
    let length = || fs::metadata(data.join(INDEX_FILE)).expect("a file").len();

    let said = start(&data).success();
    assert_eq!(compactions(&said), 1, "{before} bytes: {said:#?}");
    let after = length();
    assert!(after < before / 2, "{before} bytes, then {after}");
    for _ in 0..3 {
        let said = start(&data).success();
        assert_eq!(compactions(&said), 0, "{said:#?}");
    }
    let path = data.to_str().expect("a name in UTF-8");
    Program::start("node", &["--network", "regtest", "--data", path, "--check"]).success();
}

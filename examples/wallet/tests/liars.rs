//! What peers claim is never believed: a wallet goes by headers and blocks that were verified, and has an end.

#[path = "../../tests/common/mod.rs"]
mod common;

use common::{
    Program, classroom_key, folder,
    stranger::{Liar, boast},
};

/// A height that no counter reaches.
const ABSURD: u64 = 1 << 60;

/// A key without coins, in a file of its own.
fn key(name: &str) -> String {
    classroom_key(&folder(name), 9, "key")
}

fn on<'a>(relay: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [more, &["--relay", relay, "--network", "regtest"]].concat()
}

#[test]
fn a_wallet_and_an_oracle_alone_with_a_liar_end_with_3() {
    let (_relay, address) = Program::relay();
    let _liar = Liar::new(&address, 1, &boast(ABSURD));
    let key = key("lied to");
    let wallet = on(&address, &["balance", "--key", &key, "--patience", "2"]);
    let oracle = on(&address, &["--patience", "2"]);
    for (name, arguments) in [("wallet", wallet), ("oracle", oracle)] {
        let error = Program::start(name, &arguments).failure(3);
        assert!(error.contains("1 peer claims a longer chain and showed none of it"), "{name}: {error}");
        assert!(!error.contains(&ABSURD.to_string()), "{name}: {error}");
    }
}

#[test]
fn a_wallet_and_an_oracle_that_nobody_answers_end_with_3() {
    let (_relay, address) = Program::relay();
    let key = key("nobody");
    let wallet = on(&address, &["balance", "--key", &key, "--patience", "1"]);
    let oracle = on(&address, &["--patience", "1"]);
    for (name, arguments) in [("wallet", wallet), ("oracle", oracle)] {
        let error = Program::start(name, &arguments).failure(3);
        assert!(error.contains("nobody answered within 1 s"), "{name}: {error}");
    }
}

#[test]
fn a_liar_beside_honest_nodes_keeps_nobody_from_joining() {
    let (_relay, address) = Program::relay();
    let _liars: Vec<_> = (1..4).map(|id| Liar::new(&address, id, &boast(ABSURD + u64::from(id)))).collect();
    let mut miner = Program::start("node", &on(&address, &[]));
    miner.block(3);
    let key = key("beside");
    let said = Program::start("wallet", &on(&address, &["balance", "--key", &key, "--patience", "60"])).success();
    let balance = said.iter().find(|line| line.contains("toycoins at height")).expect("a balance");
    let height: u64 = balance.rsplit(' ').next().and_then(|height| height.parse().ok()).expect("a height");
    assert!(height >= 3, "{said:#?}");
    assert!(said.iter().any(|line| line.contains("3 peers claim a longer chain")), "{said:#?}");
    let pays = ["--payments", "1", "--min-interval", "0", "--max-interval", "1"];
    let said = Program::start("oracle", &on(&address, &pays)).success();
    assert!(said.iter().any(|line| line.contains("confirmed in block")), "{said:#?}");
}

//! What goes wrong at the start: one line that says what to do, exit 1; bad arguments exit 2.

mod common;

use common::{Program, folder, free_address};

#[test]
fn a_port_that_is_taken() {
    let (_relay, address) = Program::relay();
    let error = Program::start("relay", &["--listen", &address]).failure(1);
    assert!(error.contains(&format!("cannot listen on {address}")), "{error}");
}

#[test]
fn a_relay_that_is_not_there() {
    let address = free_address();
    let key = folder("nowhere").join("key");
    let key = key.to_str().expect("a name in UTF-8");
    Program::start("wallet", &["new", "--key", key]).success();
    let programs: [(&str, &[&str]); 4] =
        [("node", &[]), ("oracle", &[]), ("listener", &[]), ("wallet", &["balance", "--key", key])];
    for (name, arguments) in programs {
        let error = Program::start(name, &[arguments, &["--relay", &address]].concat()).failure(1);
        assert!(error.contains("cannot reach a relay") && error.contains(&address), "{name}: {error}");
    }
}

#[test]
fn an_export_that_cannot_be_written() {
    let missing = folder("export").join("no folder").join("chain.json");
    let missing = missing.to_str().expect("a name in UTF-8");
    for program in ["node", "network"] {
        let error = Program::start(program, &["--export", missing]).failure(1);
        assert!(error.contains("cannot write") && error.contains("chain.json"), "{program}: {error}");
    }
}

#[test]
fn a_trace_that_cannot_be_written() {
    let missing = folder("trace").join("no folder").join("trace.jsonl");
    let missing = missing.to_str().expect("a name in UTF-8");
    let error = Program::start("simulate", &["--seed", "1", "--trace", missing]).failure(1);
    assert!(error.contains("cannot write") && error.contains("trace.jsonl"), "{error}");
}

#[test]
fn a_key_that_is_none() {
    let folder = folder("keys");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    let address = |key: &str| Program::start("wallet", &["address", "--key", key]);
    assert!(address(&path("missing")).failure(1).contains("`wallet new` makes one"));
    let long = "0".repeat(1 << 20);
    for (name, text) in
        [("empty", ""), ("words", "no key"), ("short", &long[..63]), ("zero", &long[..64]), ("long", &long)]
    {
        std::fs::write(path(name), text).expect("a place for files");
        let error = address(&path(name)).failure(1);
        assert!(error.contains("does not hold a key"), "{name}: {error}");
    }
}

#[test]
fn file_that_describes_no_network_leaves_nothing_behind() {
    let folder = folder("networks");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    std::fs::write(path("wrong.json"), r#"{ "name": "school", "spacing": 10 }"#).expect("a place for files");
    let key = path("key");
    for (file, said) in [("missing.json", "missing.json"), ("wrong.json", "field \"spacing\": there is no such field")]
    {
        let file = path(file);
        let error = Program::start("wallet", &["new", "--key", &key, "--params", &file]).failure(1);
        assert!(error.contains(said), "{error}");
        let error = Program::start("node", &["--params", &file]).failure(1);
        assert!(error.contains(said), "{error}");
    }
    assert!(!std::path::Path::new(&key).exists(), "no key is made for a network that there is not");
}

#[test]
fn own_network_has_its_own_addresses() {
    let folder = folder("own network");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    std::fs::write(path("school.json"), r#"{ "name": "school", "address_prefix": "tschool" }"#).expect("a place");
    let (key, file) = (path("key"), path("school.json"));
    let said = Program::start("wallet", &["new", "--key", &key, "--params", &file]).success();
    assert!(said.iter().any(|line| line.starts_with("tschool1")), "{said:?}");
}

#[test]
fn a_network_without_classroom_coins() {
    let error = Program::start("oracle", &["--network", "reference"]).failure(1);
    assert!(error.contains("no classroom coins"), "{error}");
}

#[test]
fn an_address_of_another_network() {
    let lab = "tlab1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5q4qu9qw";
    let error = Program::start("node", &["--network", "regtest", "--payout", lab]).failure(1);
    assert!(error.contains("tlab1") && error.contains("treg1"), "{error}");
}

#[test]
fn arguments_that_make_no_sense() {
    let bad: [(&str, &[&str]); 21] = [
        ("relay", &["--listen", "nowhere"]),
        ("relay", &["--unknown"]),
        ("node", &["--threads", "0"]),
        ("node", &["--throttle", "101"]),
        ("node", &["--network", "moon"]),
        ("node", &["--channel", "UPPER"]),
        ("node", &["--payout", "tlab1nonsense"]),
        ("node", &["--check"]),
        ("oracle", &["--payments", "-1"]),
        ("listener", &["--count", "many"]),
        ("wallet", &["pay", "tlab1nonsense", "1"]),
        ("wallet", &[]),
        ("network", &["--nodes", "0"]),
        ("light", &["--blocks", "0"]),
        ("light", &["--blocks", "300", "--sync-bytes"]),
        ("simulate", &["--nodes", "0"]),
        ("simulate", &["--relays", "0"]),
        ("simulate", &["--payments", "-1"]),
        ("simulate", &["--adversaries", "5"]),
        ("simulate", &["--seed", "1", "--seeds", "2"]),
        ("simulate", &["--trace", "trace.jsonl"]),
    ];
    for (name, arguments) in bad {
        let (code, said) = Program::start(name, arguments).end();
        assert_eq!(code, 2, "{name} {arguments:?}: {said:#?}");
    }
}

#[test]
fn every_program_explains_itself() {
    for name in ["relay", "node", "oracle", "listener", "wallet", "network", "simulate", "light"] {
        let said = Program::start(name, &["--help"]).success();
        assert!(said.iter().any(|line| line.starts_with("Usage: ")), "{name}: {said:#?}");
    }
}

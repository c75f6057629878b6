//! What goes wrong at the start: one line that says what to do, exit 1; bad arguments exit 2; a client that reaches
//! nobody exits 3.

mod common;

use common::{Program, folder};

#[test]
fn a_port_that_is_taken() {
    let (_relay, address) = Program::relay();
    let error = Program::start("relay", &["--listen", &address]).failure(1);
    assert!(error.contains(&format!("cannot listen on {address}")), "{error}");
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
fn the_usage_of_a_refusal_names_its_program() {
    let bad: [(&str, &[&str]); 2] =
        [("simulate", &["--nodes", "2", "--adversaries", "5"]), ("network", &["--nodes", "1", "--acts", "2"])];
    for (name, arguments) in bad {
        let (code, said) = Program::start(name, arguments).end();
        let usage = said.iter().find(|line| line.starts_with("Usage: "));
        assert!(code == 2 && usage.is_some_and(|line| line.starts_with(&format!("Usage: {name}"))), "{said:#?}");
    }
    let error = Program::start("oracle", &["--min-interval", "5000", "--max-interval", "10"]).failure(2);
    assert!(error.contains("--min-interval must not be above"), "{error}");
}

#[test]
fn arguments_that_make_no_sense() {
    let bad: [(&str, &[&str]); 19] = [
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
    for name in ["relay", "node", "oracle", "listener", "network", "simulate", "light"] {
        let said = Program::start(name, &["--help"]).success();
        assert!(said.iter().any(|line| line.starts_with("Usage: ")), "{name}: {said:#?}");
    }
}

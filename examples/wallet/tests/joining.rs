//! A wallet that looks for a relay and for peers: what it says when they are not there.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::{path::Path, process::Command};

use common::{Program, classroom_key, folder, path_of};

/// A key without coins, in a file of its own.
fn key(name: &str) -> String {
    classroom_key(&folder(name), 9, "key")
}

#[test]
fn balance_without_anybody_who_answers_is_no_balance() {
    let (_relay, address) = Program::relay();
    let key = key("nobody");
    let arguments = ["balance", "--key", &key, "--network", "regtest", "--relay", &address, "--patience", "1"];
    let (code, said) = Program::start("wallet", &arguments).end();
    assert_eq!(code, 3, "{said:#?}");
    assert!(said.iter().any(|line| line.starts_with("error: nobody answered within")), "{said:#?}");
    assert!(!said.iter().any(|line| line.contains("at height 0")), "{said:#?}");
}

#[test]
fn errors_hold_no_words_of_a_library() {
    let folder = folder("words");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    std::fs::write(path("half.json"), "{").expect("a place for files");
    std::fs::write(path("bytes.json"), [0xff, 0xfe]).expect("a place for files");
    let (half, bytes) = (path("half.json"), path("bytes.json"));
    let bob = "tlab1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5q4qu9qw";
    let mistakes: [(&str, &[&str], &str); 18] = [
        ("node", &["--params", &half], "not JSON, from line 1 column 1 on"),
        ("node", &["--params", &bytes], "not a text in UTF-8"),
        ("node", &["--payout", "tlab1nonsense"], "a character or the checksum is wrong"),
        ("wallet", &["pay", "tlab1nonsense", "1"], "a character or the checksum is wrong"),
        ("relay", &["--listen", "127.0.0.1"], "the port is missing; listen on a host and a port"),
        ("relay", &["--listen", "nowhere.invalid:1"], "the name has no address; try 127.0.0.1:1"),
        ("wallet", &["pay", bob, "abc"], "an amount is written like 3 or 0.25"),
        ("wallet", &["pay", bob, "1", "--fee-rate", "x"], "a whole number is wanted"),
        ("wallet", &["pay", bob, "1", "--wait", "0"], "a whole number of at least 1 is wanted"),
        ("wallet", &["balance", "--patience", "long"], "a whole number from 1 to 86400 is wanted"),
        ("wallet", &["tx", "abc"], "a txid is written as 64 hex digits"),
        ("node", &["--delay", "1.5"], "a whole number from 0 to 600000 is wanted"),
        ("node", &["--threads", "many"], "a whole number from 1 to 1024 is wanted"),
        ("oracle", &["--max-interval", ""], "a whole number is wanted"),
        ("listener", &["--count", "x"], "a whole number is wanted"),
        ("network", &["--seed", "99999999999999999999"], "a whole number is wanted"),
        ("simulate", &["--nodes", "x"], "a whole number from 1 to 10000 is wanted"),
        ("simulate", &["--adversaries", "x"], "a whole number is wanted"),
    ];
    for (name, arguments, sentence) in mistakes {
        let (_, said) = Program::start(name, arguments).end();
        assert!(said.iter().any(|line| line.contains(sentence)), "{name}: {said:#?}");
        let inner = [
            "parse failed",
            "EOF while",
            "stream did not",
            "invalid socket address",
            "lookup",
            "digit found",
            "to parse",
        ];
        assert!(!said.iter().any(|line| inner.iter().any(|text| line.contains(text))), "{name}: {said:#?}");
    }
}

/// `script` (util-linux) gives a program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn dumb_terminal_gets_lines_of_progress() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: there is no `script`");
        return;
    }
    let (_relay, address) = Program::relay();
    let key = key("dumb");
    let program = path_of("wallet");
    let wallet = format!(
        "{} balance --key '{key}' --network regtest --relay {address} --patience 4",
        Path::new(&program).display()
    );
    let mut command = Command::new("script");
    command.args(["-qec", &wallet, "/dev/null"]).env("TERM", "dumb").env_remove("RUST_LOG");
    let (mut child, lines) = common::start(command);
    let said: Vec<_> = lines.iter().collect();
    assert_eq!(child.0.wait().expect("it was started here").code(), Some(3), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("catching up: height 0 of 0")), "{said:#?}");
    assert!(!said.iter().any(|line| line.contains('\u{1b}')), "{said:#?}");
}

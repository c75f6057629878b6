//! A program that looks for a relay and for peers: what it says when they are not there, and how it finds those that are.

mod common;

use std::{
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use common::{Program, folder, path_of};

fn key(name: &str) -> String {
    let key = folder(name).join("key").to_str().expect("a name in UTF-8").to_owned();
    Program::start("wallet", &["new", "--key", &key, "--network", "regtest"]).success();
    key
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
fn misspelt_address_is_said_to_be_one() {
    for (address, wrong) in [
        ("localhost", "the port is missing"),
        ("127.0.0.1:99999", "the port is not a number from 1 to 65535"),
        ("http://127.0.0.1:25000", "like the address of a web page"),
        ("127.0.0.1;:25000", "neither a name nor an IP address"),
    ] {
        for name in ["node", "oracle", "listener"] {
            let (code, said) = Program::start(name, &["--relay", address]).end();
            assert_eq!(code, 2, "{name} {address}: {said:#?}");
            assert!(said.iter().any(|line| line.contains(wrong)), "{name} {address}: {said:#?}");
        }
    }
    let error = Program::start("listener", &["--relay", "no-such-host.invalid:25000"]).failure(1);
    assert!(error.contains("no host named no-such-host.invalid was found"), "{error}");
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

#[test]
fn a_thousand_miner_threads_cause_no_warnings() {
    let (_relay, address) = Program::relay();
    let many = ["--network", "regtest", "--threads", "1024", "--until-height", "10", "--relay", &address];
    let said = Program::start("node", &many).success();
    assert!(!said.iter().any(|line| line.contains("WARN")), "{} lines", said.len());
}

/// A name can lead to an address at which nobody answers, not even with a refusal.
#[cfg(target_os = "linux")]
#[test]
fn name_with_a_dead_address_and_a_live_one_connects() {
    let (_relay, address) = Program::relay();
    let port = address.parse::<SocketAddr>().expect("an address").port();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let dead = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port));
    let listening = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v6()?;
        socket.bind(dead)?;
        socket.listen(1)
    });
    // Once its queue is full, the kernel leaves further attempts without an answer. A machine without IPv6, or whose
    // `localhost` has no `::1`, has no dead address: what follows holds all the more.
    let mut waiting = Vec::new();
    while listening.is_ok()
        && let Ok(stream) = TcpStream::connect_timeout(&dead, Duration::from_secs(1))
    {
        waiting.push(stream);
    }
    let relay = format!("localhost:{port}");
    Program::start("node", &["--relay", &relay, "--network", "regtest", "--until-height", "2"]).success();
    drop((listening, waiting));
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

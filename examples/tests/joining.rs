//! A program that looks for a relay and for peers: what it says when they are not there, and how it finds those that are.

mod common;

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use common::Program;

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

//! A first signal ends a program in order, a second one at once, whatever it is doing. The store stays whole.

#![cfg(unix)]

mod common;

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use common::{Program, folder, free_address, stranger::FalseRelay};
use toycoin_wire::NodeMessage;

/// Longer than a program may take to end in order, even on a loaded machine; two seconds are promised.
const SOON: Duration = Duration::from_secs(20);

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

/// A node on regtest with its chain in a directory.
fn node(relay: &str, data: &Path, more: &[&str]) -> Program {
    let common = ["--relay", relay, "--network", "regtest", "--threads", "1", "--data", text(data)];
    Program::start("node", &[&common[..], more].concat())
}

/// A pipe that nobody reads: who opens it waits for ever.
fn stuck_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("there is mkfifo").success());
}

fn is_sound(data: &Path) {
    node(&free_address(), data, &["--check"]).success();
}

#[test]
fn second_signal_ends_a_stuck_export_at_once() {
    let (_relay, address) = Program::relay();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = folder(&format!("second-{signal}"));
        let (data, pipe) = (folder.join("chain"), folder.join("pipe"));
        stuck_pipe(&pipe);
        let mut node = node(&address, &data, &["--export", text(&pipe)]);
        node.block(3);
        node.signal(signal);
        node.line_with("exporting the chain");
        node.signal(signal);
        assert_eq!(node.end().0, code);
        is_sound(&data);
    }
}

#[test]
fn first_signal_breaks_off_a_stuck_export_and_closes_the_store() {
    let (_relay, address) = Program::relay();
    let folder = folder("first-signal");
    let (data, pipe) = (folder.join("chain"), folder.join("pipe"));
    stuck_pipe(&pipe);
    let mut stuck = node(&address, &data, &["--until-height", "3", "--export", text(&pipe)]);
    stuck.line_with("exporting the chain");
    stuck.signal("TERM");
    let error = stuck.failure(1);
    assert!(error.contains("interrupted") && error.contains("not exported"), "{error}");
    is_sound(&data);

    let mut stuck = node(&free_address(), &data, &["--check", "--export", text(&pipe)]);
    stuck.line_with("is sound");
    stuck.line_with("exporting the chain");
    stuck.signal("INT");
    assert!(stuck.failure(1).contains("not exported"));
}

#[test]
fn signals_at_any_moment_of_a_start_leave_the_store_sound() {
    let (_relay, address) = Program::relay();
    let data = folder("starts").join("chain");
    node(&address, &data, &["--until-height", "200"]).success();
    let works: [(&[&str], &[i32]); 3] = [(&["--no-mine"], &[0]), (&["--check"], &[0, 1]), (&["--reindex"], &[0, 1])];
    for (work, ends) in works {
        for signals in [1, 2] {
            let mut command = Command::new(common::path_of("node"));
            command.args(["--network", "regtest", "--relay", &address, "--data", text(&data)]).args(work);
            command.env("RUST_LOG", "warn,toycoin_node::store=debug");
            let (mut child, lines) = common::start(command);
            // it listens for signals before it opens the chain
            while !lines.recv_timeout(common::DEADLINE).expect("it opens its chain").contains("opening the chain") {}
            for _ in 0..signals {
                let id = child.0.id().to_string();
                // it may have ended by now
                Command::new("kill").args(["-TERM", &id]).status().expect("there is kill");
            }
            let code = child.0.wait().expect("it was started here").code().expect("no signal ended it");
            assert!(ends.contains(&code) || (signals == 2 && code == 143), "{work:?}: {code}");
        }
        is_sound(&data);
    }
    assert!(fs::read_dir(&data).expect("a directory").count() <= 3, "two files, and what a reindex left");
}

#[test]
fn node_ends_soon_under_a_flood() {
    let relay = FalseRelay::new();
    let node = Program::start("node", &["--relay", &relay.address, "--network", "regtest", "--no-mine"]);
    let mut victim = relay.client();
    // blocks that took no work, each another one
    let bad_block = |nonce| {
        let mut block = toycoin_core::ChainParams::regtest().genesis().clone();
        (block.header.bits, block.header.nonce) = (toycoin_core::CompactTarget::from_bits(0x0101_0000), nonce);
        let block = NodeMessage::Block(block).encode().expect("within its cap");
        common::stranger::delivery(nonce, &block)
    };
    let junk: Vec<u8> = (0..1_000).flat_map(bad_block).collect();
    // the node reads what it is sent before the signal comes
    for _ in 0..20 {
        victim.say(&junk);
    }
    let flood = std::thread::spawn(move || while victim.say(&junk) {});
    let begun = Instant::now();
    node.signal("TERM");
    node.success();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    flood.join().expect("it ends with the node");
}

//! The relay, as a process: it says who comes, what they do, and who goes.

mod common;

use common::{Program, stranger::Caller};
use toycoin_wire::relay::RelayMessage;

const MAIN: &str = "/topic/main";

/// The addresses in the line that says where a relay listens.
fn addresses(line: &str) -> Vec<&str> {
    let said = line.strip_prefix("relay listening on ").expect("the first line");
    said.split([',', ' ']).filter(|word| word.contains(':')).collect()
}

/// Starts a relay in the locale "C" with this beginning of a shell script and these arguments, and returns the line that
/// says for how much it has room too.
fn relay(before: &str, arguments: &str) -> (Program, String, String) {
    let script = format!("{before} LC_ALL=C exec \"$0\" --listen 127.0.0.1:0 {arguments}");
    let mut relay = Program::shell("relay", &script);
    let address = addresses(&relay.line_with("listening on"))[0].to_owned();
    let room = relay.line_with("room for");
    (relay, address, room)
}

/// Two clients join, one tells the other something, both leave.
fn conversation(address: &str) {
    let mut first = Caller::join(address, 0x0707_0707 << 96, "node 1");
    first.subscribe(MAIN);
    first.settle();
    let mut second = Caller::join(address, 0x0808_0808 << 96, "toycoin/0.1.0\u{1b}[2J");
    second.publish(MAIN, None, b"BLOC and more");
    second.publish(MAIN, Some(0x0707_0707 << 96), b"TXN ");
    second.publish(MAIN, Some(9), b"STAT");
    second.settle();
    first.say(&RelayMessage::Unsubscribe(toycoin_wire::ChannelRef::new(MAIN).expect("a good name")));
    first.settle();
    first.say(&RelayMessage::Goodbye("enough"));
    drop(first);
}

#[test]
fn a_relay_says_who_comes_what_they_do_and_who_goes() {
    let (mut relay, address, _) = relay("", "");
    conversation(&address);
    // the first goes with a goodbye, the second without; the order of the two is theirs
    relay.line_with("  left ");
    relay.line_with("  left ");
    relay.signal("TERM");
    let mut said = relay.success();
    let gone = said.len() - 3;
    said[gone..gone + 2].sort();
    let told = [
        "  what              bytes  who",
        "  joined                   node 1, id 07070707",
        "  subscribed               node 1 to /topic/main",
        "  joined                   toycoin/0.1.0\\u{1b}[2J, id 08080808",
        "  BLOC                 13  toycoin/0.1.0\\u{1b}[2J -> all on /topic/main",
        "  TXN                   4  toycoin/0.1.0\\u{1b}[2J -> node 1",
        "  STAT                  4  toycoin/0.1.0\\u{1b}[2J -> nobody (for 00000000)",
        "  unsubscribed             node 1 from /topic/main",
        "  left                     node 1: closed by the client",
        "  left                     toycoin/0.1.0\\u{1b}[2J: connection ended",
        "relay stopped: 3 messages published, 2 delivered",
    ];
    assert_eq!(said[said.len() - told.len()..], told);
}

#[test]
fn a_quiet_relay_says_its_start_and_its_end() {
    let (relay, address, room) = relay("", "--quiet");
    conversation(&address);
    relay.signal("TERM");
    let first = format!("relay listening on {address}");
    assert_eq!(relay.success(), [&*first, &*room, "relay stopped: 3 messages published, 2 delivered"]);
}

#[test]
fn colour_comes_only_when_it_is_asked_for() {
    for (flag, is_coloured) in [("", false), ("--color always", true), ("--color never", false)] {
        let (mut relay, ..) = relay("", flag);
        assert_eq!(relay.line_with("bytes").contains("\x1b[2m"), is_coloured, "{flag}");
    }
}

#[cfg(unix)]
#[test]
fn the_limit_on_open_files_is_raised_and_said() {
    let room = |before| relay(before, "").2;
    assert_eq!(room("ulimit -Sn 64;"), room(""), "the hard limit counts");
    let mut low = Program::shell("relay", "ulimit -n 60; exec \"$0\" --listen 127.0.0.1:0 --quiet");
    let address = addresses(&low.line_with("listening on"))[0].to_owned();
    low.line_with("room for 30 connections of 10,000: the system allows 60 open files");
    let _guests: Vec<_> = (1..=30).map(|id| Caller::join(&address, id, "guest")).collect();
    assert_eq!(Caller::connect(&address).goodbye(), "relay has no room for another connection");
    low.line_with("closed a connection for want of room");
}

#[test]
fn a_name_stands_for_all_its_addresses() {
    let mut relay = Program::start("relay", &["--listen", "localhost:0"]);
    let line = relay.line_with("listening on");
    let addresses = addresses(&line);
    assert!(!addresses.is_empty(), "{line}");
    for (id, address) in (1..).zip(&addresses) {
        Caller::join(address, id, "guest").publish(MAIN, None, b"STAT");
        relay.line_with("  STAT ");
    }
    let port = addresses[0].rsplit(':').next().expect("a port");
    let error = Program::start("relay", &["--listen", &format!("localhost:{port}")]).failure(1);
    assert!(error.contains("another program listens there") && error.contains("choose another port"), "{error}");
}

//! Whatever a stranger sends, and however much of it: a program prints little.

mod common;

use common::{
    Program,
    stranger::{Caller, FalseRelay, Victim, boast, delivery, lagged},
};
use toycoin_core::{Block, ChainParams};
use toycoin_wire::{
    Tag,
    node::{NodeMessage, Reject},
    relay::RelayMessage,
};

/// So many messages of each kind: all of them together, each printed, would be a megabyte.
const FLOOD: u64 = 4_000;
/// More than a program prints even if the flood takes minutes on a loaded machine.
const MOST_BYTES: usize = 400_000;

/// A block that took no work, another for each number.
fn bad_block(number: u64) -> NodeMessage {
    let genesis = ChainParams::regtest().genesis().clone();
    let mut block = Block { transactions: Vec::new(), ..genesis };
    block.header.previous = toycoin_core::BlockHash::from_bytes([0xcd; 32]);
    block.header.bits = toycoin_core::CompactTarget::from_bits(0x0101_0000);
    block.header.nonce = number;
    NodeMessage::Block(block)
}

/// Sends a flood of everything that makes a line, each from a made-up id of its own, until it is over or the client has gone.
fn flood(victim: &mut Victim) {
    let text = "\u{1b}[2J\r\nerror: forged".to_owned();
    let reject = NodeMessage::Reject(Reject { hash: [0; 32], rule: 7, text }).encode().expect("within its cap");
    let boast = boast(u64::MAX).encode().expect("within its cap");
    for number in 0..FLOOD {
        let block = bad_block(number).encode().expect("within its cap");
        let payloads: [&[u8]; 4] = [&block, b"HDRS\x1b[2J\r\n", &reject, &boast];
        let deliveries = payloads.into_iter().zip(number * 4..).flat_map(|(payload, from)| delivery(from, payload));
        if !victim.say(&deliveries.chain(lagged(1)).collect::<Vec<_>>()) {
            return;
        }
    }
}

/// Returns how many bytes a program has said, and checks each line of it.
fn bytes(said: &[String]) -> usize {
    for line in said {
        assert!(!line.contains(char::is_control) && line.len() < 1_000, "{line:?}");
        assert!(!line.starts_with("error: forged"), "{line:?}");
    }
    said.iter().map(|line| line.len() + 1).sum()
}

#[test]
fn a_node_prints_little_of_a_flood_and_counts_the_rest() {
    let relay = FalseRelay::new();
    let mut node = Program::start("node", &["--relay", &relay.address, "--network", "regtest", "--no-mine"]);
    let mut victim = relay.client();
    flood(&mut victim);
    victim.settle();
    node.line_with("more like this");
    let statuses = victim.published.iter().filter(|tag| **tag == Tag::STAT).count() as u64;
    assert!(statuses < FLOOD / 10, "{statuses} statuses for {FLOOD} lags");
    node.signal("TERM");
    let said = node.success();
    assert!(bytes(&said) < MOST_BYTES, "{} bytes", bytes(&said));
    assert!(said.iter().any(|line| line.contains("rejected: ")), "{said:#?}");
}

#[test]
fn a_listener_prints_little_of_a_flood_unless_it_is_to_show_all() {
    let relay = FalseRelay::new();
    let mut listener = Program::start("listener", &["--relay", &relay.address]);
    let mut victim = relay.client();
    flood(&mut victim);
    victim.settle();
    listener.line_with("more like this");
    listener.signal("TERM");
    let said = listener.success();
    assert!(bytes(&said) < MOST_BYTES, "{} bytes", bytes(&said));

    let all = ["--relay", &relay.address, "--all", "--json", "--count", "16000"];
    let listener = Program::start("listener", &all);
    let mut victim = relay.client();
    flood(&mut victim);
    let said = listener.success();
    assert_eq!(said.iter().filter(|line| line.starts_with('{')).count(), 16_000);
}

#[test]
fn wallet_and_oracle_print_little_of_a_flood() {
    let relay = FalseRelay::new();
    let oracle = Program::start("oracle", &["--relay", &relay.address, "--network", "regtest", "--patience", "1"]);
    let mut victim = relay.client();
    flood(&mut victim);
    let (code, said) = oracle.end();
    assert_eq!(code, 3, "{said:#?}");
    assert!(bytes(&said) < MOST_BYTES, "{} bytes", bytes(&said));
}

#[test]
fn a_relay_prints_little_of_a_flood_and_counts_the_rest() {
    let (mut relay, address) = Program::relay();
    let long = "z".repeat(64);
    let mut flooder = Caller::join(&address, u128::MAX, "\u{1b}[2J\r\nerror: forged");
    let tags: [&[u8]; 12] = [
        b"STAT",
        b"TXN ",
        b"BLOC",
        b"GHDR",
        b"HDRS",
        b"GBLK",
        b"NOTF",
        b"GTXN",
        b"RJCT",
        b"error: forged",
        b"\x1b[2J\r\n",
        b"",
    ];
    for number in 0..FLOOD {
        for payload in tags {
            flooder.publish(&long, (number % 2 == 0).then_some(number.into()), payload);
        }
        flooder.subscribe(&long);
        flooder.say(&RelayMessage::Unsubscribe(toycoin_wire::ChannelRef::new(&long).expect("a good name")));
        if number % 16 == 0 {
            let mut guest = Caller::join(&address, number.into(), &long);
            guest.say(&RelayMessage::Goodbye("enough"));
            // the first frame must be a HELO
            Caller::connect(&address).say(&RelayMessage::Ping(1));
        }
    }
    flooder.settle();
    relay.line_with("lines left out");
    relay.signal("TERM");
    let said = relay.success();
    assert!(said.iter().all(|line| line.chars().count() <= 80), "{said:#?}");
    assert!(bytes(&said) < 1_000_000, "{} bytes", bytes(&said));
    let published = format!("relay stopped: {} messages published", FLOOD * 12);
    let digits = |line: &String| line.replace(',', "").starts_with(&published);
    assert!(said.iter().any(digits), "{:?}", said.last());
}

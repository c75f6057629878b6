//! Hostile bytes against a live relay and a live node: both go on, and so do those who behave.

mod common;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use common::Program;
use toycoin_examples::classroom::Choices;
use toycoin_wire::{
    ChannelRef, NodeId,
    relay::{Hello, Publish, RelayMessage},
};

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the relay listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
    stream
}

fn frame(message: &RelayMessage<'_>) -> Vec<u8> {
    message.to_frame().expect("within its cap").to_vec()
}

/// Random bytes of some length below 4,096.
fn noise(choices: &mut Choices) -> Vec<u8> {
    let length = choices.below(4_096);
    (0..length).map(|_| u8::try_from(choices.below(256)).expect("a byte")).collect()
}

/// Writes as long as the other side takes it, and waits until it hangs up.
fn throw(stream: &mut TcpStream, bytes: &[u8]) {
    if stream.write_all(bytes).is_ok() {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    // whatever it answers, the end of it comes; a reset is an end too
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn a_relay_and_a_node_survive_what_strangers_send() {
    let (relay, address) = Program::relay();
    let mut miner = Program::start("node", &["--relay", &address, "--network", "regtest"]);
    let mut follower = Program::start("node", &["--relay", &address, "--network", "regtest", "--no-mine"]);
    follower.block(2);
    let mut choices = Choices::new(42);

    // at the relay: no frames at all, a length of 4 GiB, of 0, a first frame that is none
    let first: [&[u8]; 4] = [b"GET / HTTP/1.1\r\n\r\n", &[0xff; 64], &[0; 64], b"\0\0\0\x04PONG"];
    for bytes in first {
        throw(&mut connect(&address), bytes);
    }
    let hello = |byte| frame(&RelayMessage::Hello(Hello { node_id: NodeId::new([byte; 16]), agent: "stranger" }));
    for byte in 0..40 {
        let mut stream = connect(&address);
        stream.write_all(&hello(byte)).expect("it listens");
        throw(&mut stream, &noise(&mut choices));
    }

    // at the nodes behind it: payloads with every tag and noise in them
    let tags = [
        b"STAT", b"TXN ", b"BLOC", b"GHDR", b"HDRS", b"GBLK", b"NOTF", b"GTXN", b"RJCT", b"GADR", b"ADDR", b"CBLK",
        b"GBTX", b"BTXS", b"GPRF", b"PROF", b"GANC", b"ANCS", b"GTXP", b"TXPR", b"GFIL", b"FILT", b"GSNP", b"SNPM",
        b"GCHK", b"CHNK", b"????",
    ];
    for (byte, tag) in (100..).zip(tags) {
        let mut stream = connect(&address);
        stream.write_all(&hello(byte)).expect("it listens");
        let channel = ChannelRef::new("/topic/main").expect("a name");
        for _ in 0..50 {
            let payload = [tag.as_slice(), &noise(&mut choices)].concat();
            let publish = RelayMessage::Publish(Publish { channel, to: None, payload: &payload });
            stream.write_all(&frame(&publish)).expect("it takes whatever is published");
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }

    // and everybody who behaves goes on
    let height = miner.block(2);
    follower.block(height + 5);
    for program in [miner, follower, relay] {
        program.signal("TERM");
        program.success();
    }
}

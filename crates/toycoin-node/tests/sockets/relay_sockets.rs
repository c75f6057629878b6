//! The relay on real sockets: what its clients see, whatever the others among them do.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use toycoin_node::{
    RelayEvents, RelayHandle, RelayServer,
    limits::{RELAY_EVENT_BATCHES, RELAY_EVENTS, RELAY_ROUNDS},
    relay::{CloseReason, RelayConfig, RelayEvent},
};
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, Reader, Tag,
    relay::{Hello, Publish, RelayMessage},
    test_util::RelayMessageBuf,
};

use crate::common::relay;

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(20);
const MAIN: &str = "/topic/main";

/// A relay with its events.
fn observed_relay() -> (RelayHandle, RelayEvents) {
    let mut relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap();
    let events = relay.observe();
    (relay.spawn().unwrap(), events)
}

/// Returns all events that still come until the relay has ended.
fn rest(mut events: RelayEvents) -> Vec<RelayEvent> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let next = || runtime.block_on(events.next());
    std::iter::from_fn(next).collect()
}

/// A client that does one thing at a time.
struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
    pending: Vec<u8>,
    nonce: u64,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self { stream, decoder: FrameDecoder::new(Reader::Client), pending: Vec::new(), nonce: 0 }
    }

    fn join(relay: &RelayHandle, id: u8) -> Self {
        let mut client = Self::connect(relay.local_addr());
        client.say(RelayMessage::Hello(Hello { node_id: NodeId::new([id; 16]), agent: "test" }));
        assert!(matches!(client.hear(), Some(RelayMessageBuf::Welcome { .. })));
        client
    }

    /// Joins and subscribes; the subscription stands when this returns.
    fn subscribe(relay: &RelayHandle, id: u8) -> Self {
        let mut client = Self::join(relay, id);
        client.say(RelayMessage::Subscribe(ChannelRef::new(MAIN).unwrap()));
        assert_eq!(client.barrier(), []);
        client
    }

    fn say(&mut self, message: RelayMessage<'_>) {
        self.stream.write_all(&message.to_frame().unwrap()).unwrap();
    }

    fn publish(&mut self, payload: &[u8]) {
        self.say(RelayMessage::Publish(Publish { channel: ChannelRef::new(MAIN).unwrap(), to: None, payload }));
    }

    /// Waits for the next message; `None` at the end of the stream.
    fn hear(&mut self) -> Option<RelayMessageBuf> {
        loop {
            let mut input = self.pending.as_slice();
            if let Some(frame) = self.decoder.next_frame(&mut input).unwrap() {
                let message = RelayMessage::decode(frame).unwrap().into();
                let taken = self.pending.len() - input.len();
                self.pending.drain(..taken);
                return Some(message);
            }
            let mut buffer = vec![0; 64 << 10];
            let count = self.stream.read(&mut buffer).unwrap();
            if count == 0 {
                return None;
            }
            buffer.truncate(count);
            self.pending = buffer;
        }
    }

    /// Returns what was heard before the answer to a `PING`.
    fn barrier(&mut self) -> Vec<RelayMessageBuf> {
        self.nonce += 1;
        self.say(RelayMessage::Ping(self.nonce));
        let mut heard = Vec::new();
        loop {
            match self.hear().unwrap() {
                RelayMessageBuf::Pong(nonce) if nonce == self.nonce => return heard,
                other => heard.push(other),
            }
        }
    }

    fn hear_payload(&mut self) -> Vec<u8> {
        match self.hear() {
            Some(RelayMessageBuf::Deliver { payload, .. }) => payload,
            other => panic!("a delivery is expected, not {other:?}"),
        }
    }

    fn assert_goodbye(&mut self, expected: &str) {
        assert_eq!(self.hear(), Some(RelayMessageBuf::Goodbye(expected.to_owned())));
        assert_eq!(self.hear(), None, "the connection ends after it");
    }
}

#[test]
fn everyone_else_hears_a_message_and_its_origin_does_not() {
    let relay = relay();
    let mut clients: Vec<_> = (1..=5).map(|id| Client::subscribe(&relay, id)).collect();
    for size in [0, 300, 100 << 10, 3 << 19] {
        let payload = vec![7; size];
        clients[2].publish(&payload);
        assert_eq!(clients[2].barrier(), [], "nodes do not hear their own messages");
        for client in [0, 1, 3, 4] {
            assert_eq!(clients[client].hear_payload(), payload);
        }
    }
    let stats = relay.shutdown();
    assert_eq!((stats.published, stats.delivered, stats.queued_bytes), (4, 16, 0));
}

#[test]
fn an_empty_payload_does_not_kill_a_channel() {
    let relay = relay();
    let (mut publisher, mut subscriber) = (Client::subscribe(&relay, 1), Client::subscribe(&relay, 2));
    publisher.publish(b"");
    publisher.publish(b"after");
    assert_eq!(subscriber.hear_payload(), b"");
    assert_eq!(subscriber.hear_payload(), b"after");
}

#[test]
fn a_subscriber_leaving_mid_broadcast_does_not_silence_others() {
    let relay = relay();
    let mut publisher = Client::join(&relay, 1);
    let mut stays = Client::subscribe(&relay, 2);
    let mut leaves: Vec<_> = (3..=12).map(|id| Client::subscribe(&relay, id)).collect();
    for number in 0..2000_u32 {
        publisher.publish(&number.to_le_bytes());
        if number % 100 == 50 {
            leaves.pop();
        }
    }
    for number in 0..2000_u32 {
        assert_eq!(stays.hear_payload(), number.to_le_bytes());
    }
}

#[test]
fn queues_are_bounded_and_a_slow_reader_learns_what_it_missed() {
    let relay = relay();
    let (mut publisher, mut slow) = (Client::join(&relay, 1), Client::subscribe(&relay, 2));
    let payload = vec![1; 1 << 20];
    for _ in 0..100 {
        publisher.publish(&payload);
    }
    assert_eq!(publisher.barrier(), [], "the publisher is not held up");
    let mut missed = 0;
    let mut got = 0;
    for message in slow.barrier() {
        match message {
            RelayMessageBuf::Lagged(count) => missed += count,
            RelayMessageBuf::Deliver { .. } => got += 1,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(missed + got, 100);
    assert!(missed > 0, "a hundred megabytes do not wait anywhere");
    assert_eq!(relay.shutdown().dropped, missed);
}

#[test]
fn publishing_to_an_empty_channel_does_not_block_the_publisher() {
    let relay = relay();
    let mut publisher = Client::subscribe(&relay, 1);
    for _ in 0..100 {
        publisher.publish(&[0; 1 << 20]);
    }
    assert_eq!(publisher.barrier(), []);
}

#[test]
fn one_malformed_message_kills_only_its_connection() {
    let relay = relay();
    let (mut publisher, mut subscriber) = (Client::subscribe(&relay, 1), Client::subscribe(&relay, 2));
    for (bytes, reason) in [
        (b"\0\0\0\x05PING1".as_slice(), "malformed message"),
        (b"\xff\xff\xff\xffPUBL", "bad frame"),
        (b"\0\0\0\x0dSUBS\x01\0\0\0\0\0\0\0A", "bad channel name"),
    ] {
        let mut hostile = Client::subscribe(&relay, 3);
        // what follows is not read any more, and must not turn the goodbye into a reset
        hostile.stream.write_all(&[bytes, &[0; 100_000]].concat()).unwrap();
        hostile.assert_goodbye(reason);
        publisher.publish(bytes);
        assert_eq!(subscriber.hear_payload(), bytes);
    }
}

#[test]
fn frames_arrive_whole_however_they_are_cut() {
    let relay = relay();
    let mut subscriber = Client::subscribe(&relay, 1);
    let mut client = Client::connect(relay.local_addr());
    let channel = ChannelRef::new(MAIN).unwrap();
    let mut bytes = RelayMessage::Hello(Hello { node_id: NodeId::new([2; 16]), agent: "" }).to_frame().unwrap();
    RelayMessage::Publish(Publish { channel, to: None, payload: b"bit by bit" }).append_frame(&mut bytes).unwrap();
    for byte in bytes {
        client.stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(subscriber.hear_payload(), b"bit by bit");
}

#[test]
fn hundreds_of_clients_hear_one_message() {
    let relay = relay();
    let mut clients: Vec<_> = (0..=200).map(|id| Client::subscribe(&relay, id)).collect();
    clients[0].publish(b"all of you");
    for client in &mut clients[1..] {
        assert_eq!(client.hear_payload(), b"all of you");
    }
    drop(clients);
    assert_eq!(relay.shutdown().accepted, 201);
}

#[test]
fn a_relay_that_is_full_says_so() {
    let config = RelayConfig { connections: 1, ..RelayConfig::default() };
    let relay = RelayServer::bind("127.0.0.1:0", config).unwrap().spawn().unwrap();
    let mut first = Client::join(&relay, 1);
    Client::connect(relay.local_addr()).assert_goodbye("relay has no room for another connection");
    assert_eq!(first.barrier(), []);
}

#[test]
fn an_observer_hears_who_comes_and_goes_and_each_message() {
    let (relay, events) = observed_relay();
    let (mut publisher, mut subscriber) = (Client::join(&relay, 1), Client::subscribe(&relay, 2));
    publisher.publish(b"BLOC and more");
    assert_eq!(subscriber.hear_payload(), b"BLOC and more");
    publisher.say(RelayMessage::Goodbye("enough"));
    assert_eq!(publisher.hear(), None);
    relay.shutdown();
    let (one, two) = (NodeId::new([1; 16]), NodeId::new([2; 16]));
    let mut said = Vec::new();
    for event in rest(events) {
        said.push(match event {
            RelayEvent::Joined { node_id, agent, .. } => (node_id, agent),
            RelayEvent::Subscribed { node_id, channel } => (node_id, channel.to_string()),
            RelayEvent::Published { from, to: None, tag: Some(Tag::BLOC), size: 13, receivers: 1, .. } => {
                (from, "BLOC".to_owned())
            }
            RelayEvent::Left { node_id, reason, .. } => (node_id, format!("{reason:?}")),
            other => panic!("unexpected {other:?}"),
        });
    }
    let left = |reason: CloseReason| format!("{:?}", Some(reason));
    let expected = [
        (one, "test".to_owned()),
        (two, "test".to_owned()),
        (two, MAIN.to_owned()),
        (one, "BLOC".to_owned()),
        (one, left(CloseReason::ByPeer)),
        (two, left(CloseReason::Shutdown)),
    ];
    assert_eq!(said, expected);
}

#[test]
fn an_observer_that_reads_nothing_holds_up_nobody() {
    let (relay, events) = observed_relay();
    let (mut publisher, mut subscriber) = (Client::join(&relay, 1), Client::subscribe(&relay, 2));
    let most = (RELAY_EVENT_BATCHES + 1) * (RELAY_EVENTS + 1);
    let mut sent = 0;
    while sent <= most as u64 {
        for _ in 0..1_000 {
            publisher.publish(b"TXN ");
        }
        sent += 1_000;
        assert_eq!(publisher.barrier(), []);
        subscriber.barrier();
    }
    assert_eq!(relay.shutdown().published, sent);
    let (mut messages, mut left_out, mut others) = (0, 0, 0);
    for event in rest(events) {
        match event {
            RelayEvent::Published { .. } => messages += 1,
            RelayEvent::LeftOut { count } => left_out += count,
            _ => others += 1,
        }
    }
    assert!(messages + others <= most as u64, "{messages} messages wait");
    // two clients joined and left, one subscribed
    assert_eq!(messages + left_out + others, sent + 5);
}

#[test]
fn a_relay_goes_on_when_its_observer_has_gone() {
    let (relay, events) = observed_relay();
    drop(events);
    let (mut publisher, mut subscriber) = (Client::join(&relay, 1), Client::subscribe(&relay, 2));
    for _ in 0..3 {
        publisher.publish(b"x");
        assert_eq!(subscriber.hear_payload(), b"x");
    }
}

#[test]
fn counters_are_read_while_the_relay_runs() {
    let server = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap();
    let reader = server.stats_reader();
    assert_eq!(reader.stats().accepted, 0);
    let relay = server.spawn().unwrap();
    let (mut publisher, mut subscriber) = (Client::join(&relay, 1), Client::subscribe(&relay, 2));
    for _ in 0..3 {
        publisher.publish(b"x");
        subscriber.hear_payload();
    }
    // a turn answers at most this many PINGs that wait for each other, so the one of the last message is over
    (0..=RELAY_ROUNDS).for_each(|_| assert_eq!(publisher.barrier(), []));
    let stats = relay.stats();
    assert_eq!((stats.connections, stats.accepted, stats.published, stats.delivered), (2, 2, 3, 3));
    let last = relay.shutdown();
    assert_eq!((last.published, last.connections, reader.stats()), (3, 0, last));
}

#[test]
fn a_relay_listens_on_several_addresses() {
    let mut server = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap();
    let taken = server.listen_also(server.local_addr()).unwrap_err();
    assert_eq!((taken.kind(), server.local_addrs().len()), (ErrorKind::AddrInUse, 1));
    server.listen_also("127.0.0.1:0").unwrap();
    let addresses = server.local_addrs().to_vec();
    assert_eq!(addresses[0], server.local_addr());
    let relay = server.spawn().unwrap();
    let mut clients: Vec<_> = addresses.iter().map(|address| Client::connect(*address)).collect();
    for (id, client) in (1..).zip(&mut clients) {
        client.say(RelayMessage::Hello(Hello { node_id: NodeId::new([id; 16]), agent: "test" }));
        assert!(matches!(client.hear(), Some(RelayMessageBuf::Welcome { .. })));
    }
    clients[1].say(RelayMessage::Subscribe(ChannelRef::new(MAIN).unwrap()));
    clients[1].barrier();
    clients[0].publish(b"across");
    assert_eq!(clients[1].hear_payload(), b"across");
    relay.shutdown();
    addresses.iter().for_each(|address| drop(RelayServer::bind(address, RelayConfig::default()).unwrap()));
}

#[test]
fn a_shutdown_says_goodbye_and_frees_the_port() {
    let relay = relay();
    let address = relay.local_addr();
    let mut client = Client::subscribe(&relay, 1);
    relay.shutdown();
    client.assert_goodbye("relay is shutting down");
    RelayServer::bind(address, RelayConfig::default()).unwrap();
}

#[test]
fn a_port_in_use_is_an_error() {
    let relay = relay();
    let error = RelayServer::bind(relay.local_addr(), RelayConfig::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

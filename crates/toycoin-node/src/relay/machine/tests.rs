//! One test per rule of the relay layer, one input at a time.

mod bounds;
mod conversation;
mod delivery;
mod events;
mod fairness;
mod hostile;
mod model;
mod times;
mod writes;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    time::Duration,
};

use toycoin_wire::{
    ChannelRef, FrameDecoder,
    relay::{Hello, Publish, RelayMessage},
    test_util::RelayMessageBuf,
};

use super::*;

/// A relay, its clock, and the bytes that its clients have read.
struct Bench {
    relay: RelayMachine,
    now: Now,
    decoders: BTreeMap<u64, FrameDecoder>,
    /// Clients that do not read; all others read at once.
    slow: BTreeSet<u64>,
    heard: Vec<(u64, RelayMessageBuf)>,
    closed: Vec<(u64, CloseReason)>,
    announced: Vec<u64>,
}

impl Bench {
    fn new() -> Self {
        Self::with(RelayConfig::default())
    }

    fn with(config: RelayConfig) -> Self {
        Self {
            relay: RelayMachine::new(config),
            now: Now::default(),
            decoders: BTreeMap::new(),
            slow: BTreeSet::new(),
            heard: Vec::new(),
            closed: Vec::new(),
            announced: Vec::new(),
        }
    }

    /// Connects clients 1 to `count`, each with a `HELO` and a subscription to `/a`.
    fn subscribed(count: u64) -> Self {
        let mut bench = Self::new();
        for client in 1..=count {
            bench.join(client);
            bench.say(client, RelayMessage::Subscribe(channel("/a")));
        }
        bench.heard.clear();
        bench
    }

    fn connect(&mut self, client: u64) {
        self.connect_from(client, Source::Connection(ConnectionId(client)));
    }

    fn connect_from(&mut self, client: u64, source: Source) {
        self.decoders.insert(client, FrameDecoder::new(Reader::Client));
        self.input(RelayInput::Connected { connection: ConnectionId(client), source });
    }

    fn join(&mut self, client: u64) {
        self.connect(client);
        self.say(client, hello(client));
    }

    /// Connects a client from an address that it may share with others.
    fn join_from(&mut self, client: u64, address: u64) {
        self.connect_from(client, Source::Address(address));
        self.say(client, hello(client));
    }

    fn say(&mut self, client: u64, message: RelayMessage<'_>) {
        self.bytes(client, &message.to_frame().unwrap());
    }

    fn bytes(&mut self, client: u64, bytes: &[u8]) {
        self.input(RelayInput::Received { connection: ConnectionId(client), bytes });
    }

    fn publish(&mut self, client: u64, payload: &[u8]) {
        self.say(client, RelayMessage::Publish(Publish { channel: channel("/a"), to: None, payload }));
    }

    fn publish_to(&mut self, client: u64, to: u64, payload: &[u8]) {
        self.say(client, RelayMessage::Publish(Publish { channel: channel("/a"), to: Some(node(to)), payload }));
    }

    fn input(&mut self, input: RelayInput<'_>) {
        self.relay.handle(self.now, input);
        self.settle();
    }

    /// Takes the outputs, and lets the reading clients read.
    fn settle(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                RelayOutput::Writable(connection) => {
                    self.announced.push(connection.0);
                    if !self.slow.contains(&connection.0) {
                        self.drain(connection.0);
                    }
                }
                RelayOutput::Close { connection, reason } => self.closed.push((connection.0, reason)),
            }
        }
    }

    /// Reads all bytes that wait for a client.
    fn drain(&mut self, client: u64) {
        while self.read(client, usize::MAX) > 0 {}
        self.settle();
    }

    /// Reads up to `most` bytes; returns how many.
    fn read(&mut self, client: u64, most: usize) -> usize {
        let connection = ConnectionId(client);
        let mut buffer = self.relay.next_write(connection, 1000).concat();
        buffer.truncate(most);
        if buffer.is_empty() {
            return 0;
        }
        let decoder = self.decoders.get_mut(&client).unwrap();
        let mut input = buffer.as_slice();
        while let Some(frame) = decoder.next_frame(&mut input).unwrap() {
            self.heard.push((client, RelayMessage::decode(frame).unwrap().into()));
        }
        self.relay.handle(self.now, RelayInput::Written { connection, count: buffer.len() });
        buffer.len()
    }

    /// Stops a client from reading from now on.
    fn stop_reading(&mut self, client: u64) {
        self.slow.insert(client);
    }

    fn start_reading(&mut self, client: u64) {
        self.slow.remove(&client);
        self.drain(client);
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now.monotonic + time;
        while let Some(next) = self.relay.next_timeout().filter(|next| *next <= until) {
            self.now.monotonic = next.max(self.now.monotonic);
            self.input(RelayInput::Timeout);
        }
        self.now.monotonic = until;
    }

    /// Takes what the clients have read: the client, and the payload or the tag of any other frame.
    fn heard(&mut self) -> Vec<(u64, String)> {
        let text = |message| match message {
            RelayMessageBuf::Deliver { payload, .. } => String::from_utf8(payload).unwrap(),
            RelayMessageBuf::Lagged(count) => format!("LAGD {count}"),
            RelayMessageBuf::Goodbye(reason) => format!("GBYE {reason}"),
            other => other.borrowed().tag().to_string(),
        };
        self.heard.drain(..).map(|(client, message)| (client, text(message))).collect()
    }

    fn assert_closed(&mut self, client: u64, reason: CloseReason) {
        assert_eq!(self.closed, [(client, reason)]);
        let goodbye = RelayMessageBuf::Goodbye(reason.to_string());
        assert_eq!(self.heard.last(), Some(&(client, goodbye)));
    }
}

fn node(client: u64) -> NodeId {
    NodeId::new(u128::from(client).to_le_bytes())
}

fn hello(client: u64) -> RelayMessage<'static> {
    RelayMessage::Hello(Hello { node_id: node(client), agent: "test" })
}

fn channel(name: &str) -> ChannelRef<'_> {
    ChannelRef::new(name).unwrap()
}

fn heard(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(client, text)| (*client, (*text).to_owned())).collect()
}

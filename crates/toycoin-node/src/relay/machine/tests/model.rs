//! The relay compared with a slow, obvious model: lists of the messages that each subscriber should receive.

use proptest::{collection::vec, prelude::*};

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Subscribe(u64, usize),
    Unsubscribe(u64, usize),
    Publish(u64, usize, Option<u64>),
    Leave(u64),
    Read(u64, usize),
}

const CLIENTS: u64 = 5;
const CHANNELS: [&str; 3] = ["/a", "/b", "/c"];

fn step() -> impl Strategy<Value = Step> {
    let (client, channel) = (1..=CLIENTS, 0..CHANNELS.len());
    prop_oneof![
        2 => (client.clone(), channel.clone()).prop_map(|(client, channel)| Step::Subscribe(client, channel)),
        1 => (client.clone(), channel.clone()).prop_map(|(client, channel)| Step::Unsubscribe(client, channel)),
        6 => (client.clone(), channel, proptest::option::weighted(0.3, client.clone()))
            .prop_map(|(client, channel, to)| Step::Publish(client, channel, to)),
        1 => client.clone().prop_map(Step::Leave),
        3 => (client, 1..200_usize).prop_map(|(client, most)| Step::Read(client, most)),
    ]
}

proptest! {
    #[test]
    fn everyone_hears_what_the_model_says(steps in vec(step(), 0..120), slow in vec(any::<bool>(), 5)) {
        let mut bench = Bench::new();
        let mut subscribed: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut expected: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for client in 1..=CLIENTS {
            bench.join(client);
            subscribed.insert(client, Vec::new());
        }
        bench.heard.clear();
        for (client, _) in (1..=CLIENTS).zip(slow).filter(|(_, is_slow)| *is_slow) {
            bench.stop_reading(client);
        }
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Subscribe(client, name) => {
                    bench.say(client, RelayMessage::Subscribe(channel(CHANNELS[name])));
                    if let Some(names) = subscribed.get_mut(&client) {
                        names.push(name);
                    }
                }
                Step::Unsubscribe(client, name) => {
                    bench.say(client, RelayMessage::Unsubscribe(channel(CHANNELS[name])));
                    if let Some(names) = subscribed.get_mut(&client) {
                        names.retain(|other| *other != name);
                    }
                }
                Step::Publish(client, name, to) => {
                    let payload = number.to_string();
                    let publish = Publish { channel: channel(CHANNELS[name]), to: to.map(node), payload: payload.as_bytes() };
                    bench.say(client, RelayMessage::Publish(publish));
                    if subscribed.contains_key(&client) {
                        for (receiver, names) in &subscribed {
                            if *receiver != client && names.contains(&name) && to.is_none_or(|to| to == *receiver) {
                                expected.entry(*receiver).or_default().push(payload.clone());
                            }
                        }
                    }
                }
                Step::Leave(client) => {
                    bench.input(RelayInput::Disconnected { connection: ConnectionId(client) });
                    subscribed.remove(&client);
                }
                Step::Read(client, most) => {
                    bench.read(client, most);
                }
            }
        }
        for client in 1..=CLIENTS {
            bench.drain(client);
        }
        let mut got: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (client, text) in bench.heard() {
            got.entry(client).or_default().push(text);
        }
        for client in subscribed.keys() {
            prop_assert_eq!(got.get(client), expected.get(client), "client {}", client);
        }
        prop_assert_eq!(&bench.closed, &[]);
        prop_assert_eq!(bench.relay.stats().queued_bytes, 0);
        for client in 1..=CLIENTS {
            bench.input(RelayInput::Disconnected { connection: ConnectionId(client) });
        }
        let stats = bench.relay.stats();
        prop_assert_eq!((stats.connections, stats.channels, stats.partial_bytes), (0, 0, 0));
        prop_assert_eq!(bench.relay.next_timeout(), None);
    }

    #[test]
    fn no_bytes_make_the_relay_panic_and_two_runs_agree(
        inputs in vec((1..4_u64, vec(any::<u8>(), 1..60), 0..5000_u64), 0..40),
    ) {
        let run = || {
            let mut bench = Bench::subscribed(2);
            bench.connect(3);
            for (client, bytes, wait) in &inputs {
                bench.bytes(*client, bytes);
                bench.wait(Duration::from_millis(*wait));
            }
            (format!("{:?}", bench.heard), bench.closed, bench.announced)
        };
        prop_assert_eq!(run(), run());
    }
}

/// A queue as the protocol describes it: a list of which the heaviest loses its oldest message, and of which light ones
/// go first once it was full.
#[derive(Default)]
struct ModelQueue {
    items: Vec<Item>,
    was_full: bool,
    /// So many messages at the front were moved there.
    express: usize,
    /// Bytes of other messages that are read before more are moved.
    owed: usize,
    /// Bytes of the first item that are read.
    read: usize,
    heard: Vec<String>,
}

/// What each source and each connection holds, and which connection's message stands where.
struct ModelShares {
    sources: BTreeMap<Source, usize>,
    connections: BTreeMap<u64, usize>,
    places: Vec<(usize, u64)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Message { from: u64, length: usize, text: String },
    Gap(u64),
    Pong,
}

const QUEUE: usize = 3_000;
const MESSAGES: usize = 10;

impl Item {
    const fn length(&self) -> usize {
        match self {
            Self::Message { length, .. } => *length,
            // where a message stood that goes earlier
            Self::Gap(0) => 0,
            // a header and a number
            Self::Gap(_) | Self::Pong => 16,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Message { text, .. } => text.clone(),
            Self::Gap(count) => format!("LAGD {count}"),
            Self::Pong => "PONG".into(),
        }
    }
}

impl ModelQueue {
    fn push(&mut self, item: Item) {
        self.items.push(item);
        loop {
            let messages = self.items.iter().filter(|item| matches!(item, Item::Message { .. }));
            if messages.clone().count() <= MESSAGES && messages.map(Item::length).sum::<usize>() <= QUEUE {
                return;
            }
            self.was_full = true;
            let Some(at) = self.first_to_go() else { return };
            self.items[at] = Item::Gap(1);
            self.join();
        }
    }

    /// Returns what each source and each connection holds, and where its messages stand.
    fn shares(&self) -> ModelShares {
        let messages = self.items.iter().enumerate().skip(usize::from(self.read > 0));
        let messages = messages.filter_map(|(at, item)| match item {
            Item::Message { from, length, .. } => Some((at, *from, length + QUEUE / MESSAGES)),
            _ => None,
        });
        let (mut sources, mut connections, mut places) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for (at, from, weight) in messages.skip(self.express) {
            *sources.entry(source(from)).or_insert(0) += weight;
            *connections.entry(from).or_insert(0) += weight;
            places.push((at, from));
        }
        ModelShares { sources, connections, places }
    }

    /// Returns the oldest message of the heaviest connection of the heaviest source.
    fn first_to_go(&self) -> Option<usize> {
        let ModelShares { sources, connections, places } = self.shares();
        let heaviest = *sources.iter().max_by_key(|(source, weight)| (**weight, **source))?.0;
        let connections = connections.iter().filter(|(from, _)| source(**from) == heaviest);
        let heaviest = *connections.max_by_key(|(from, weight)| (**weight, **from))?.0;
        places.into_iter().find(|(_, from)| *from == heaviest).map(|(at, _)| at)
    }

    /// Returns the oldest message of the lightest connection of the lightest source, if that holds at most half of what
    /// the heaviest holds.
    fn first_to_favour(&self) -> Option<usize> {
        let ModelShares { sources, connections, places } = self.shares();
        let (lightest, weight) = sources.iter().min_by_key(|(_, weight)| **weight)?;
        if *weight > sources.values().max()? / 2 {
            return None;
        }
        let connections = connections.iter().filter(|(from, _)| source(**from) == *lightest);
        let lightest = *connections.min_by_key(|(_, weight)| **weight)?.0;
        places.into_iter().find(|(_, from)| *from == lightest).map(|(at, _)| at)
    }

    /// Moves the messages of the light ones to the front.
    fn favour(&mut self) {
        let begun = usize::from(self.read > 0);
        let mut moved = Vec::new();
        while let Some(at) = self.first_to_favour() {
            moved.push(mem::replace(&mut self.items[at], Item::Gap(0)));
        }
        self.express = moved.len();
        self.owed = moved.iter().map(Item::length).sum();
        self.items.splice(begun..begun, moved);
        self.join();
    }

    /// Merges adjacent gaps; a gap that is partly read has already said its count.
    fn join(&mut self) {
        let mut at = usize::from(self.read > 0);
        while at + 1 < self.items.len() {
            if let (Item::Gap(one), Item::Gap(other)) = (&self.items[at], &self.items[at + 1]) {
                self.items[at] = Item::Gap(one + other);
                self.items.remove(at + 1);
            } else {
                at += 1;
            }
        }
    }

    fn read(&mut self, count: usize) {
        let mut is_begun = self.read > 0;
        self.read += count;
        while self.read > 0
            && let Some(first) = self.items.first()
        {
            if !is_begun && matches!(first, Item::Message { .. }) {
                if self.express == 0 {
                    self.owed = self.owed.saturating_sub(first.length());
                }
                self.express = self.express.saturating_sub(1);
            }
            if self.read < first.length() {
                break;
            }
            is_begun = false;
            self.read -= first.length();
            let item = self.items.remove(0);
            if item != Item::Gap(0) {
                self.heard.push(item.text());
            }
        }
        while self.read == 0 && self.items.first() == Some(&Item::Gap(0)) {
            self.items.remove(0);
        }
        if self.items.is_empty() {
            (self.read, self.was_full, self.owed) = (0, false, 0);
        }
        if self.was_full && self.express == 0 && self.owed == 0 {
            self.favour();
        }
    }
}

/// Returns a client's source; clients 3 to 5 share an address.
fn source(client: u64) -> Source {
    if (3..=5).contains(&client) { Source::Address(7) } else { Source::Connection(ConnectionId(client)) }
}

#[derive(Debug, Clone)]
enum Act {
    Publish(u64, Option<u64>, usize),
    Ping(u64),
    Read(u64, usize),
}

const PEERS: u64 = 7;

fn act() -> impl Strategy<Value = Act> {
    let length = prop_oneof![4..12_usize, 4..700_usize];
    prop_oneof![
        8 => (1..=PEERS, proptest::option::weighted(0.2, 1..=PEERS), length).prop_map(|(from, to, length)| Act::Publish(from, to, length)),
        1 => (1..=PEERS).prop_map(Act::Ping),
        3 => (1..=PEERS, prop_oneof![1..40_usize, 1..1_000_usize]).prop_map(|(client, most)| Act::Read(client, most)),
    ]
}

/// Returns a relay whose clients are all subscribed, and read only on request.
fn slow_readers(config: RelayConfig) -> Bench {
    let mut bench = Bench::with(config);
    for client in 1..=PEERS {
        bench.connect_from(client, source(client));
        bench.say(client, hello(client));
        bench.say(client, RelayMessage::Subscribe(channel("/a")));
        bench.stop_reading(client);
    }
    bench.heard.clear();
    bench
}

/// Publishes a message that consists of its number. Returns its receivers and its text.
fn publish_number(bench: &mut Bench, number: usize, from: u64, to: Option<u64>, length: usize) -> (Vec<u64>, String) {
    let text = format!("{number:0length$}");
    match to {
        Some(to) => bench.publish_to(from, to, text.as_bytes()),
        None => bench.publish(from, text.as_bytes()),
    }
    ((1..=PEERS).filter(|client| *client != from && to.is_none_or(|to| to == *client)).collect(), text)
}

proptest! {
    #[test]
    fn full_queue_drops_and_favours_what_the_model_says(acts in vec(act(), 0..300)) {
        let mut bench =
            slow_readers(RelayConfig { queue_bytes: QUEUE, queue_deliveries: MESSAGES, ..RelayConfig::default() });
        let mut model: BTreeMap<u64, ModelQueue> = (1..=PEERS).map(|client| (client, ModelQueue::default())).collect();
        for (number, act) in acts.into_iter().enumerate() {
            match act {
                Act::Publish(from, to, length) => {
                    let (receivers, text) = publish_number(&mut bench, number, from, to, length);
                    for receiver in receivers {
                        // header, channel, origin, and two length fields
                        let length = 8 + 8 + 2 + 16 + 8 + length;
                        model.get_mut(&receiver).unwrap().push(Item::Message { from, length, text: text.clone() });
                    }
                }
                Act::Ping(client) => {
                    bench.say(client, RelayMessage::Ping(1));
                    model.get_mut(&client).unwrap().push(Item::Pong);
                }
                Act::Read(client, most) => {
                    let count = bench.read(client, most);
                    model.get_mut(&client).unwrap().read(count);
                }
            }
            let counts = bench.relay.counts();
            prop_assert!(counts.most_queued_bytes <= QUEUE && counts.most_queued_deliveries <= MESSAGES);
        }
        for client in 1..=PEERS {
            // what goes first is chosen after each turn
            while let count @ 1.. = bench.read(client, usize::MAX) {
                model.get_mut(&client).unwrap().read(count);
            }
        }
        let mut got: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (client, text) in bench.heard() {
            got.entry(client).or_default().push(text);
        }
        for (client, queue) in model {
            prop_assert_eq!(got.remove(&client).unwrap_or_default(), queue.heard, "client {}", client);
        }
        prop_assert_eq!(&bench.closed, &[]);
        prop_assert_eq!(bench.relay.stats().queued_bytes, 0);
    }

    #[test]
    fn a_full_relay_is_bounded_and_tells_all_gaps(acts in vec(act(), 0..300)) {
        const RELAY: usize = 9_000;
        let mut bench = slow_readers(RelayConfig { queued_bytes: RELAY, ..RelayConfig::default() });
        let mut sent: BTreeMap<u64, u64> = BTreeMap::new();
        for (number, act) in acts.into_iter().enumerate() {
            match act {
                // the relay has left it, and hears nothing from it
                Act::Publish(from, ..) if bench.closed.iter().any(|(closed, _)| *closed == from) => {}
                Act::Publish(from, to, length) => {
                    let (receivers, _) = publish_number(&mut bench, number, from, to, length);
                    receivers.into_iter().for_each(|receiver| *sent.entry(receiver).or_default() += 1);
                }
                Act::Ping(client) => bench.say(client, RelayMessage::Ping(1)),
                Act::Read(client, most) => {
                    bench.read(client, most);
                }
            }
            prop_assert!(bench.relay.stats().queued_bytes <= RELAY);
        }
        for client in 1..=PEERS {
            bench.drain(client);
        }
        let mut last: BTreeMap<(u64, NodeId), u64> = BTreeMap::new();
        for (client, message) in bench.heard.drain(..) {
            match message {
                RelayMessageBuf::Deliver { from, payload, .. } => {
                    let number: u64 = String::from_utf8(payload).unwrap().parse().unwrap();
                    let before = last.insert((client, from), number);
                    prop_assert!(before.is_none_or(|before| before < number), "each origin's order is kept");
                    *sent.get_mut(&client).unwrap() -= 1;
                }
                RelayMessageBuf::Lagged(count) => *sent.get_mut(&client).unwrap() -= count,
                _ => {}
            }
        }
        prop_assert!(bench.closed.is_empty() || bench.closed.iter().all(|(_, reason)| *reason == CloseReason::UnreadMemory));
        for (client, missing) in sent {
            let is_gone = bench.closed.iter().any(|(closed, _)| *closed == client);
            prop_assert!(missing == 0 || is_gone, "client {} misses {}", client, missing);
        }
        prop_assert_eq!(bench.relay.stats().queued_bytes, 0);
    }
}

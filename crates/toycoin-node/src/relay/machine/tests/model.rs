//! The relay against a slow, obvious model: lists of what each subscriber should have heard.

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

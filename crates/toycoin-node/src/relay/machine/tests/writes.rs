//! What is written next: shared copies of small frames are those that each queue alone would have.

use proptest::prelude::*;

use super::*;

/// Bytes up to which one write goes here. A few small frames fill it.
const LIMIT: usize = 1_000;

/// The bytes of the next write to a client, and of the same one without shared copies.
fn both(bench: &mut Bench, client: u64) -> (Vec<u8>, Vec<u8>) {
    let connection = ConnectionId(client);
    let RelayMachine { slots, connections, deliveries, controls, .. } = &bench.relay;
    let held = slots.get(&connection).and_then(|slot| connections[*slot].as_ref());
    let alone = held.map(|connection| connection.queue.written_alone(LIMIT, deliveries, controls));
    (bench.relay.next_write(connection, LIMIT).concat(), alone.unwrap_or_default())
}

fn written(bench: &mut Bench, client: u64, count: usize) {
    if count > 0 {
        bench.input(RelayInput::Written { connection: ConnectionId(client), count });
    }
}

#[test]
fn queues_alike_share_one_copy() {
    let mut bench = Bench::subscribed(4);
    (2..=4).for_each(|client| bench.stop_reading(client));
    (0..5).for_each(|_| bench.publish(1, b"hello"));
    let address = |bench: &mut Bench, client| {
        let [small, large] = bench.relay.next_write(ConnectionId(client), LIMIT);
        assert!(large.is_empty());
        (small.to_vec(), small.as_ptr())
    };
    let first = address(&mut bench, 2);
    written(&mut bench, 2, first.0.len());
    // a driver asks until nothing is left, and the copy outlives that
    assert!(address(&mut bench, 2).0.is_empty());
    assert_eq!(address(&mut bench, 3), first);
    // client 4 has read one of them, and gets the others
    let one = first.0.len() / 5;
    written(&mut bench, 4, one);
    assert_eq!(address(&mut bench, 4).0, first.0[one..]);
}

#[test]
fn a_name_used_again_is_not_an_old_copy() {
    let mut bench = Bench::subscribed(3);
    (2..=3).for_each(|client| bench.stop_reading(client));
    for text in [b"one", b"two"] {
        bench.publish(1, text);
        for client in [2, 3] {
            let (bytes, alone) = both(&mut bench, client);
            assert!(bytes.ends_with(text) && bytes == alone);
            written(&mut bench, client, bytes.len());
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Publish { from: u64, to: Option<u64>, length: usize },
    Ping { client: u64 },
    Write { client: u64, part: usize },
}

fn any_step() -> impl Strategy<Value = Step> {
    let client = || 1..=4_u64;
    let length = prop_oneof![6 => 0..300_usize, 1 => 16_300..20_000_usize];
    let to = proptest::option::weighted(0.2, client());
    prop_oneof![
        5 => (client(), to, length).prop_map(|(from, to, length)| Step::Publish { from, to, length }),
        1 => client().prop_map(|client| Step::Ping { client }),
        // 0 to 3 quarters of the bytes, or all of them
        6 => (client(), 0..8_usize).prop_map(|(client, part)| Step::Write { client, part }),
    ]
}

proptest! {
    #[test]
    fn a_write_is_what_the_queue_alone_would_give(steps in proptest::collection::vec(any_step(), 1..120)) {
        // queues that overflow, so that gaps and moved messages take part
        let mut bench = Bench::with(RelayConfig { queue_deliveries: 12, ..RelayConfig::default() });
        for client in 1..=4 {
            bench.join(client);
            bench.say(client, RelayMessage::Subscribe(channel("/a")));
            bench.stop_reading(client);
        }
        let mut number = 0_u8;
        for step in steps {
            match step {
                Step::Publish { from, to, length } => {
                    number = number.wrapping_add(1);
                    match to {
                        None => bench.publish(from, &vec![number; length]),
                        Some(to) => bench.publish_to(from, to, &vec![number; length]),
                    }
                }
                Step::Ping { client } => bench.say(client, RelayMessage::Ping(u64::from(number))),
                Step::Write { client, part } => {
                    let (bytes, alone) = both(&mut bench, client);
                    prop_assert_eq!(&bytes, &alone);
                    written(&mut bench, client, bytes.len() * part.min(4) / 4);
                }
            }
        }
        for client in 1..=4 {
            loop {
                let (bytes, alone) = both(&mut bench, client);
                prop_assert_eq!(&bytes, &alone);
                if bytes.is_empty() {
                    break;
                }
                written(&mut bench, client, bytes.len());
            }
        }
    }
}

//! The origin that fills a queue loses first: floods of every kind beside an honest publisher, and a follower that
//! reads nothing until the end.

use super::*;
use crate::limits::{QUEUE_BYTES, QUEUE_DELIVERIES};

const HONEST: u64 = 10;
const FOLLOWER: u64 = 11;

/// The messages that a follower has read.
#[derive(Default)]
struct Read {
    honest: Vec<u64>,
    /// Numbers of the other publishers' messages, by the first byte of their ids.
    others: BTreeMap<u8, Vec<u64>>,
    lagged: u64,
}

/// Returns a relay with an honest publisher and a follower that does not read.
fn stage(config: RelayConfig) -> Bench {
    let mut bench = Bench::with(config);
    bench.join(HONEST);
    bench.join(FOLLOWER);
    bench.say(FOLLOWER, RelayMessage::Subscribe(channel("/a")));
    bench.heard.clear();
    bench.stop_reading(FOLLOWER);
    bench
}

fn numbered(number: u64, length: usize) -> Vec<u8> {
    let mut payload = number.to_le_bytes().to_vec();
    payload.resize(length.max(8), b'x');
    payload
}

/// Lets the follower read everything, and checks that deliveries and reported gaps add up to all messages sent.
fn read_all(bench: &mut Bench) -> Read {
    bench.start_reading(FOLLOWER);
    let mut read = Read::default();
    for (client, message) in bench.heard.drain(..) {
        assert_eq!(client, FOLLOWER);
        match message {
            RelayMessageBuf::Deliver { from, payload, .. } => {
                let number = u64::from_le_bytes(*payload.first_chunk().unwrap());
                let from = from.to_bytes()[0];
                if u64::from(from) == HONEST {
                    read.honest.push(number);
                } else {
                    read.others.entry(from).or_default().push(number);
                }
            }
            RelayMessageBuf::Lagged(count) => read.lagged += count,
            other => panic!("{other:?} is not expected"),
        }
    }
    for numbers in read.others.values().chain([&read.honest]) {
        assert!(numbers.is_sorted_by(|one, next| one < next), "each origin's order is kept");
    }
    let arrived = read.honest.len() + read.others.values().map(Vec::len).sum::<usize>();
    let stats = bench.relay.stats();
    assert_eq!(arrived as u64 + read.lagged, stats.delivered, "LAGD tells all that is missing");
    assert_eq!(read.lagged, stats.dropped);
    assert_eq!(stats.queued_bytes, 0);
    read
}

fn assert_bounds(bench: &Bench) {
    let counts = bench.relay.counts();
    assert!(counts.most_queued_bytes <= QUEUE_BYTES && counts.most_queued_deliveries <= QUEUE_DELIVERIES);
    let others = counts.most_queued_deliveries + counts.most_queued_controls;
    assert!(counts.most_queued_gaps <= 2 * others + 65, "{} gaps among {others}", counts.most_queued_gaps);
}

/// Runs three flooders and an honest publisher of `honest` messages. Each flooder sends `burst` messages between two of
/// those.
fn flooded(flood_length: usize, burst: u64, honest_length: usize, honest: u64) -> (Bench, Read) {
    let mut bench = stage(RelayConfig::default());
    (1..=3).for_each(|flooder| bench.join(flooder));
    bench.heard.clear();
    for number in 0..honest {
        for flooder in 1..=3 {
            for part in 0..burst {
                bench.publish(flooder, &numbered(number * burst + part, flood_length));
            }
        }
        bench.publish(HONEST, &numbered(number, honest_length));
        assert_bounds(&bench);
    }
    let read = read_all(&mut bench);
    (bench, read)
}

fn all(count: u64) -> Vec<u64> {
    (0..count).collect()
}

#[test]
fn a_flood_of_large_messages_costs_the_flooders() {
    let (_, read) = flooded(3 << 19, 1, 15_000, 60);
    assert_eq!(read.honest, all(60));
    assert!(read.lagged >= 3 * 60 - 6);
}

/// Bytes that a follower reads between two rounds of a flood; more than one round brings.
const TURN: usize = 80_000;

/// While a flood fills the queue, an honest message is read within a few turns, and not behind all of the flood.
#[test]
fn flood_does_not_delay_an_honest_message() {
    for flood_length in [100_000, 1_000, 60] {
        let mut bench = stage(RelayConfig::default());
        (1..=3).for_each(|flooder| bench.join(flooder));
        bench.heard.clear();
        let (mut flooded, mut late) = (0, 0);
        for number in 0..100_u64 {
            // twice what the follower reads, and the whole queue to begin with
            let bytes = if number == 0 { 2 * QUEUE_BYTES } else { 2 * TURN };
            for _ in 0..bytes.div_ceil(flood_length) {
                bench.publish(1 + flooded % 3, &numbered(flooded, flood_length));
                flooded += 1;
            }
            bench.publish(HONEST, &numbered(number, 300));
            let mut read = 0;
            while read < TURN {
                read += bench.read(FOLLOWER, TURN - read);
            }
            let honest = bench.heard.iter().filter(|(_, message)| {
                matches!(message, RelayMessageBuf::Deliver { from, .. } if u64::from(from.to_bytes()[0]) == HONEST)
            });
            late = late.max(number + 1 - honest.count() as u64);
        }
        assert!(late <= 3, "with floods of {flood_length} bytes: {late} turns late");
        assert_bounds(&bench);
    }
}

#[test]
fn a_flood_of_tiny_messages_costs_the_flooders() {
    let (_, read) = flooded(60, 30, 60, 1_000);
    assert_eq!(read.honest, all(1_000));
    let kept: Vec<_> = read.others.values().map(Vec::len).collect();
    assert_eq!(kept, [1_032; 3], "the flooders share what is left");
}

#[test]
fn one_large_message_outlives_a_flood_of_tiny_ones() {
    let (_, read) = flooded(60, 5_000, 1 << 20, 1);
    assert_eq!(read.honest, [0]);
}

#[test]
fn a_hundred_connections_from_one_address_have_one_share() {
    let mut bench = stage(RelayConfig::default());
    (100..200).for_each(|flooder| bench.join_from(flooder, 1));
    bench.heard.clear();
    for number in 0..1_900 {
        for flooder in 0..5 {
            bench.publish(100 + (number * 5 + flooder) % 100, &numbered(number, 60));
        }
        bench.publish(HONEST, &numbered(number, 60));
        assert_bounds(&bench);
    }
    assert_eq!(read_all(&mut bench).honest, all(1_900));
}

#[test]
fn at_one_address_the_connection_that_floods_loses() {
    let mut bench = stage(RelayConfig::default());
    bench.join_from(1, 1);
    bench.join_from(2, 1);
    bench.heard.clear();
    for number in 0..900 {
        (0..20).for_each(|part| bench.publish(1, &numbered(number * 20 + part, 60)));
        bench.publish(2, &numbered(number, 60));
        bench.publish(HONEST, &numbered(number, 60));
    }
    let read = read_all(&mut bench);
    assert_eq!((read.honest, &read.others[&2]), (all(900), &all(900)));
}

#[test]
fn a_flood_of_directed_messages_costs_the_flooder() {
    let mut bench = stage(RelayConfig::default());
    bench.join(1);
    bench.heard.clear();
    for number in 0..2_000 {
        (0..10).for_each(|part| bench.publish_to(1, FOLLOWER, &numbered(number * 10 + part, 60)));
        bench.publish_to(HONEST, FOLLOWER, &numbered(number, 60));
    }
    assert_eq!(read_all(&mut bench).honest, all(2_000));
}

#[test]
fn a_half_written_message_stays_and_counts_for_nobody() {
    for first in [1, HONEST] {
        let mut bench = stage(RelayConfig::default());
        bench.join(1);
        bench.heard.clear();
        bench.publish(first, &numbered(0, 3 << 19));
        assert_eq!(bench.read(FOLLOWER, 9), 9);
        for number in 1..30 {
            bench.publish(1, &numbered(number, 3 << 19));
            bench.publish(HONEST, &numbered(number, 100_000));
            assert_bounds(&bench);
        }
        let read = read_all(&mut bench);
        let honest = if first == HONEST { read.honest.clone() } else { [vec![0], read.honest.clone()].concat() };
        assert_eq!(honest, all(30));
        assert_eq!(read.others[&1][0] == 0, first == 1, "what was half written arrived");
    }
}

#[test]
fn gaps_of_a_follower_that_never_reads_are_bounded() {
    let config = RelayConfig { queue_deliveries: 64, ..RelayConfig::default() };
    let mut bench = stage(config);
    bench.join(1);
    bench.heard.clear();
    for number in 0..20_000 {
        bench.publish(1, &numbered(number, 60));
        if number % 1_000 == 0 {
            bench.publish(HONEST, &numbered(number / 1_000, 60));
        }
        assert!(bench.relay.counts().most_queued_gaps <= 2 * 64 + 65);
    }
    assert_eq!(read_all(&mut bench).honest, all(20));
}

#[test]
fn gaps_beside_each_other_are_one() {
    let config = RelayConfig { queue_deliveries: 4, ..RelayConfig::default() };
    let mut bench = stage(config);
    bench.join(1);
    bench.heard.clear();
    for payload in ["f1", "f2", "h1", "f3", "f4", "f5", "h2", "f6"] {
        let client = if payload.starts_with('f') { 1 } else { HONEST };
        bench.publish(client, payload.as_bytes());
    }
    bench.start_reading(FOLLOWER);
    let expected = ["LAGD 2", "h1", "LAGD 2", "f5", "h2", "f6"].map(|text| (FOLLOWER, text));
    assert_eq!(bench.heard(), heard(&expected));
}

#[test]
fn what_a_drained_queue_held_is_forgotten() {
    let (mut bench, _) = flooded(60, 5_000, 60, 1);
    // alone, a publisher has the whole queue
    bench.stop_reading(FOLLOWER);
    for number in 0..4_096 {
        bench.publish(1, &numbered(number, 60));
    }
    let before = bench.relay.stats().dropped;
    bench.publish(HONEST, &numbered(1, 60));
    assert_eq!((bench.relay.stats().dropped - before, bench.relay.counts().most_queued_deliveries), (1, 4_096));
    bench.start_reading(FOLLOWER);
    assert_eq!(bench.relay.stats().queued_bytes, 0);
}

/// Returns a relay that holds at most 1 MB, with a hundred subscribers that do not read, and an honest pair.
fn crowded() -> Bench {
    let mut bench = stage(RelayConfig { queued_bytes: 1_000_000, ..RelayConfig::default() });
    bench.join(1);
    for slow in 100..200 {
        bench.join(slow);
        bench.say(slow, RelayMessage::Subscribe(channel("/a")));
        bench.stop_reading(slow);
    }
    bench.heard.clear();
    bench
}

#[test]
fn a_flooder_with_many_slow_subscribers_pays_for_them() {
    let mut bench = crowded();
    // none of them holds as much as the follower
    for number in 0..20 {
        bench.publish_to(HONEST, FOLLOWER, &numbered(number, 10_000));
        for slow in 100..200 {
            bench.publish_to(1, slow, &numbered(number, 2_000));
            assert!(bench.relay.stats().queued_bytes <= 1_000_000);
        }
    }
    let dropped = bench.relay.stats().dropped;
    assert!(dropped > 1_000);
    bench.start_reading(FOLLOWER);
    let read = bench.heard.drain(..).filter(|(client, _)| *client == FOLLOWER).count();
    assert_eq!(read, 20, "the honest pair loses nothing");
    for slow in 100..200 {
        bench.start_reading(slow);
    }
    let lagged = bench.heard.drain(..).map(|(_, message)| match message {
        RelayMessageBuf::Lagged(count) => count,
        _ => 0,
    });
    assert_eq!(lagged.sum::<u64>(), dropped);
    assert_eq!(bench.relay.stats().queued_bytes, 0);
}

#[test]
fn half_written_messages_cannot_fill_the_relay() {
    let mut bench = crowded();
    bench.publish_to(HONEST, FOLLOWER, &numbered(0, 10_000));
    for slow in 100..200 {
        bench.publish_to(1, slow, &numbered(0, 50_000));
        bench.read(slow, 9);
        assert!(bench.relay.stats().queued_bytes <= 1_000_000);
    }
    let ended: Vec<_> = bench.closed.iter().map(|(client, _)| *client).collect();
    assert_eq!(ended, (100..100 + ended.len() as u64).collect::<Vec<_>>(), "the slowest first");
    assert!(bench.closed.iter().all(|(_, reason)| *reason == CloseReason::UnreadMemory));
    bench.start_reading(FOLLOWER);
    assert_eq!(bench.heard.iter().filter(|(client, _)| *client == FOLLOWER).count(), 1);
}

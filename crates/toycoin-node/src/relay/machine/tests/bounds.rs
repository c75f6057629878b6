use super::*;
use crate::limits::QUEUE_CONTROLS;

fn numbers(range: std::ops::RangeInclusive<u32>) -> Vec<(u64, String)> {
    range.map(|number| (2, number.to_string())).collect()
}

fn publish_numbers(bench: &mut Bench, range: std::ops::RangeInclusive<u32>) {
    for number in range {
        bench.publish(1, number.to_string().as_bytes());
    }
}

fn two(config: RelayConfig) -> Bench {
    let mut bench = Bench::with(config);
    for client in 1..=2 {
        bench.join(client);
        bench.say(client, RelayMessage::Subscribe(channel("/a")));
    }
    bench.heard.clear();
    bench
}

#[test]
fn queues_are_bounded_in_messages_and_drop_the_oldest() {
    let mut bench = two(RelayConfig { queue_deliveries: 3, ..RelayConfig::default() });
    bench.stop_reading(2);
    publish_numbers(&mut bench, 1..=10);
    bench.start_reading(2);
    let mut expected = heard(&[(2, "LAGD 7")]);
    expected.extend(numbers(8..=10));
    assert_eq!(bench.heard(), expected);
    assert_eq!(bench.relay.stats().dropped, 7);
}

#[test]
fn queues_are_bounded_in_bytes() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    for _ in 0..40 {
        bench.publish(1, &[b'x'; 1 << 20]);
    }
    assert!(bench.relay.stats().queued_bytes < 9 << 20, "8 MiB wait at most");
    bench.start_reading(2);
    let got = bench.heard();
    assert_eq!((got[0].clone(), got.len()), ((2, "LAGD 33".into()), 8));
}

#[test]
fn the_default_queue_holds_4096_messages() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    publish_numbers(&mut bench, 1..=4097);
    bench.start_reading(2);
    let mut expected = heard(&[(2, "LAGD 1")]);
    expected.extend(numbers(2..=4097));
    assert_eq!(bench.heard(), expected);
}

#[test]
fn a_frame_that_is_half_written_is_not_dropped() {
    let mut bench = two(RelayConfig { queue_deliveries: 3, ..RelayConfig::default() });
    bench.stop_reading(2);
    publish_numbers(&mut bench, 1..=1);
    assert_eq!(bench.read(2, 9), 9);
    bench.stop_reading(2);
    publish_numbers(&mut bench, 2..=10);
    bench.start_reading(2);
    let mut expected = heard(&[(2, "1"), (2, "LAGD 7")]);
    expected.extend(numbers(9..=10));
    assert_eq!(bench.heard(), expected);
}

#[test]
fn a_lagged_frame_that_is_half_written_keeps_its_count() {
    let mut bench = two(RelayConfig { queue_deliveries: 2, ..RelayConfig::default() });
    bench.stop_reading(2);
    publish_numbers(&mut bench, 1..=5);
    assert_eq!(bench.read(2, 12), 12);
    bench.stop_reading(2);
    publish_numbers(&mut bench, 6..=8);
    bench.start_reading(2);
    assert_eq!(bench.heard(), heard(&[(2, "LAGD 3"), (2, "LAGD 3"), (2, "7"), (2, "8")]));
}

#[test]
fn control_frames_are_kept_and_lagged_stands_at_the_gap() {
    let mut bench = two(RelayConfig { queue_deliveries: 2, ..RelayConfig::default() });
    bench.stop_reading(2);
    bench.say(2, RelayMessage::Ping(1));
    publish_numbers(&mut bench, 1..=2);
    bench.say(2, RelayMessage::Ping(2));
    publish_numbers(&mut bench, 3..=3);
    bench.start_reading(2);
    assert_eq!(bench.heard(), heard(&[(2, "PONG"), (2, "LAGD 1"), (2, "2"), (2, "PONG"), (2, "3")]));
}

#[test]
fn pongs_that_nobody_reads_close() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(1);
    let pings = RelayMessage::Ping(1).to_frame().unwrap().repeat(QUEUE_CONTROLS);
    bench.bytes(1, &pings);
    assert_eq!(bench.relay.stats().closed, 0);
    bench.bytes(1, &pings);
    assert_eq!(bench.relay.stats().closed, 1);
    bench.drain(1);
    assert_eq!(bench.closed, [(1, CloseReason::ControlsUnread)]);
}

#[test]
fn incomplete_frames_are_bounded_and_the_largest_goes_first() {
    let mut bench = Bench::with(RelayConfig { partial_bytes: 200_000, ..RelayConfig::default() });
    for client in 1..=3 {
        bench.join(client);
    }
    let header = [(1_u32 << 20).to_be_bytes().as_slice(), b"PUBL"].concat();
    for (client, size) in [(1, 30_000), (2, 60_000), (3, 30_000)] {
        bench.bytes(client, &header);
        bench.bytes(client, &vec![0; size]);
    }
    bench.assert_closed(2, CloseReason::PartialMemory);
    assert!(bench.relay.stats().partial_bytes <= 200_000);
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    bench.input(RelayInput::Disconnected { connection: ConnectionId(3) });
    assert_eq!(bench.relay.stats().partial_bytes, 0);
}

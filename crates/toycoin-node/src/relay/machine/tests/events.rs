use toycoin_wire::Tag;

use super::*;
use crate::limits::{CLOSE_GRACE, RELAY_EVENTS, RELAY_FREQUENT_EVENTS, STALL_TIMEOUT};

/// A relay that is observed, with clients 1 to `count` subscribed to `/a`; their events are taken.
fn observed(count: u64) -> Bench {
    let mut bench = Bench::subscribed(count);
    bench.relay.observe(true);
    bench
}

fn left(client: u64, reason: Option<CloseReason>) -> RelayEvent {
    RelayEvent::Left { connection: ConnectionId(client), node_id: node(client), reason }
}

fn message(from: u64, to: Option<u64>, payload: &[u8], receivers: usize) -> RelayEvent {
    RelayEvent::Published {
        from: node(from),
        to: to.map(node),
        channel: channel("/a").to_channel(),
        tag: payload.first_chunk().copied().map(Tag::new),
        size: payload.len(),
        receivers,
    }
}

#[test]
fn nothing_is_recorded_unless_somebody_observes() {
    let mut bench = Bench::subscribed(2);
    bench.publish(1, b"BLOC");
    assert!(!bench.relay.has_events() && bench.relay.take_events().is_empty());
    bench.relay.observe(true);
    bench.publish(1, b"BLOC");
    assert!(bench.relay.has_events());
    bench.relay.observe(false);
    bench.publish(1, b"BLOC");
    assert_eq!(bench.relay.take_events(), []);
}

#[test]
fn a_client_joins_subscribes_unsubscribes_and_leaves() {
    let mut bench = observed(0);
    bench.join(1);
    for _ in 0..2 {
        bench.say(1, RelayMessage::Subscribe(channel("/a")));
    }
    for _ in 0..2 {
        bench.say(1, RelayMessage::Unsubscribe(channel("/a")));
    }
    bench.say(1, RelayMessage::Goodbye("enough"));
    let (node_id, channel) = (node(1), channel("/a").to_channel());
    assert_eq!(
        bench.relay.take_events(),
        [
            RelayEvent::Joined { connection: ConnectionId(1), node_id, agent: "test".into() },
            RelayEvent::Subscribed { node_id, channel: channel.clone() },
            RelayEvent::Unsubscribed { node_id, channel },
            left(1, Some(CloseReason::ByPeer)),
        ]
    );
    assert!(!bench.relay.has_events());
}

#[test]
fn a_message_names_its_tag_its_size_and_its_receivers() {
    let mut bench = observed(3);
    bench.publish(1, b"BLOC and more");
    bench.publish(1, b"abc");
    bench.publish_to(1, 2, b"TXN 1");
    bench.publish_to(1, 1, b"STAT");
    bench.publish_to(1, 9, b"STAT");
    bench.say(1, RelayMessage::Publish(Publish { channel: channel("/b"), to: None, payload: b"" }));
    let mut events = bench.relay.take_events();
    let RelayEvent::Published { channel, tag: None, size: 0, receivers: 0, .. } = events.pop().unwrap() else {
        panic!("an empty message for an empty channel");
    };
    assert_eq!(channel.as_str(), "/b");
    assert_eq!(
        events,
        [
            message(1, None, b"BLOC and more", 2),
            message(1, None, b"abc", 2),
            message(1, Some(2), b"TXN 1", 1),
            message(1, Some(1), b"STAT", 0),
            message(1, Some(9), b"STAT", 0),
        ]
    );
}

#[test]
fn each_end_of_a_client_is_one_event_with_its_reason() {
    let mut bench = observed(4);
    bench.bytes(1, b"\xff\xff\xff\xffPUBL");
    bench.input(RelayInput::Disconnected { connection: ConnectionId(2) });
    bench.stop_reading(3);
    bench.publish(4, b"STAT");
    bench.relay.take_events();
    bench.wait(STALL_TIMEOUT + CLOSE_GRACE);
    bench.input(RelayInput::Shutdown);
    let shutdown = Some(CloseReason::Shutdown);
    assert_eq!(bench.relay.take_events(), [left(3, Some(CloseReason::Stalled)), left(4, shutdown)]);

    let mut bench = observed(2);
    bench.bytes(1, b"\xff\xff\xff\xffPUBL");
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    bench.input(RelayInput::Disconnected { connection: ConnectionId(2) });
    assert_eq!(bench.relay.take_events(), [left(1, Some(CloseReason::BadFrame)), left(2, None)]);
}

#[test]
fn refused_connections_are_told_and_silent_ones_are_not() {
    let mut bench = Bench::with(RelayConfig { connections: 1, ..RelayConfig::default() });
    bench.relay.observe(true);
    bench.connect(1);
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    assert_eq!(bench.relay.take_events(), [], "it came and went, and said nothing");
    bench.connect(2);
    for client in 3..=100 {
        bench.stop_reading(client);
        bench.connect(client);
    }
    let refused = |connection| {
        let connection = ConnectionId(connection);
        RelayEvent::Refused { connection, reason: CloseReason::TooManyConnections }
    };
    assert_eq!(bench.relay.take_events(), (3..=100).map(refused).collect::<Vec<_>>());
    bench.bytes(2, b"\0\0\0\x06HELO\x02\0");
    let version = RelayEvent::Refused { connection: ConnectionId(2), reason: CloseReason::Version };
    assert_eq!(bench.relay.take_events(), [version]);
}

#[test]
fn a_flood_of_subscriptions_hides_nobody_who_comes() {
    let mut bench = observed(2);
    for _ in 0..RELAY_EVENTS {
        bench.say(1, RelayMessage::Subscribe(channel("/topic/again")));
        bench.say(1, RelayMessage::Unsubscribe(channel("/topic/again")));
    }
    bench.join(3);
    let events = bench.relay.take_events();
    assert!(events.iter().any(|event| matches!(event, RelayEvent::Joined { .. })), "{events:?}");
    assert_eq!(events.len(), RELAY_FREQUENT_EVENTS + 2, "who came, and the count of the rest");
}

#[test]
fn events_of_a_flood_are_bounded_and_the_rest_is_counted() {
    let mut bench = observed(2);
    let flood = RELAY_EVENTS + 500;
    for _ in 0..flood {
        bench.publish(1, b"STAT");
    }
    for client in 3..=600 {
        bench.join(client);
    }
    let events = bench.relay.take_events();
    let messages = events.iter().filter(|event| matches!(event, RelayEvent::Published { .. })).count();
    let joined = events.iter().filter(|event| matches!(event, RelayEvent::Joined { .. })).count();
    assert_eq!((messages, joined), (RELAY_FREQUENT_EVENTS, RELAY_EVENTS - RELAY_FREQUENT_EVENTS));
    let count = (flood + 598 - RELAY_EVENTS) as u64;
    assert_eq!(events.last(), Some(&RelayEvent::LeftOut { count }));
    bench.publish(1, b"STAT");
    assert_eq!(bench.relay.take_events(), [message(1, None, b"STAT", 1)], "what was counted is told once");
}

#[test]
fn observing_changes_no_output() {
    let run = |is_observed| {
        let mut bench = Bench::with(RelayConfig { queue_deliveries: 4, ..RelayConfig::default() });
        bench.relay.observe(is_observed);
        for client in 1..=4 {
            bench.join(client);
            bench.say(client, RelayMessage::Subscribe(channel("/a")));
        }
        bench.stop_reading(2);
        for number in 0..10_u8 {
            bench.publish(1, &[number; 5]);
            bench.publish_to(1, 3 + u64::from(number), b"TXN ");
        }
        bench.bytes(4, b"\xff\xff\xff\xffPUBL");
        bench.start_reading(2);
        bench.input(RelayInput::Shutdown);
        (bench.heard, bench.closed, bench.announced, bench.relay.stats())
    };
    assert_eq!(run(false), run(true));
}

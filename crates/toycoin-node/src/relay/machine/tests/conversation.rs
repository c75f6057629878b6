use super::*;

#[test]
fn a_hello_is_answered_with_a_welcome() {
    let mut bench = Bench::new();
    bench.join(1);
    let welcome =
        RelayMessageBuf::Welcome { agent: RelayConfig::default().agent, max_frame: 2 << 20, max_subscriptions: 16 };
    assert_eq!(bench.heard, [(1, welcome)]);
}

#[test]
fn another_version_is_refused() {
    let mut bench = Bench::new();
    bench.connect(1);
    bench.bytes(1, b"\0\0\0\x06HELO\x02\0");
    bench.assert_closed(1, CloseReason::Version);
}

#[test]
fn a_node_id_that_is_connected_is_refused_until_it_leaves() {
    let mut bench = Bench::new();
    bench.join(1);
    bench.connect(2);
    bench.say(2, hello(1));
    bench.assert_closed(2, CloseReason::NodeIdTaken);
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    bench.connect(3);
    bench.say(3, hello(1));
    assert_eq!(bench.heard().last(), heard(&[(3, "WELC")]).last());
    assert_eq!(bench.relay.stats().connections, 1);
}

#[test]
fn the_first_frame_is_a_hello_and_no_other_is() {
    let mut bench = Bench::new();
    bench.connect(1);
    bench.say(1, RelayMessage::Ping(1));
    bench.assert_closed(1, CloseReason::BadFrame);

    let mut bench = Bench::new();
    bench.join(1);
    bench.say(1, hello(1));
    bench.assert_closed(1, CloseReason::SecondHello);
}

#[test]
fn a_ping_is_the_barrier_of_what_came_before() {
    let mut bench = Bench::subscribed(1);
    bench.connect(2);
    let publish = RelayMessage::Publish(Publish { channel: channel("/a"), to: None, payload: b"late" });
    let messages = [hello(2), RelayMessage::Subscribe(channel("/a")), RelayMessage::Ping(9)];
    let bytes: Vec<_> = messages.iter().flat_map(|message| message.to_frame().unwrap()).collect();
    bench.bytes(2, &bytes);
    bench.say(1, publish);
    assert_eq!(bench.heard(), heard(&[(2, "WELC"), (2, "PONG"), (2, "late")]));
}

#[test]
fn subscribing_twice_is_once_and_so_is_unsubscribing() {
    let mut bench = Bench::subscribed(2);
    bench.say(2, RelayMessage::Subscribe(channel("/a")));
    bench.publish(1, b"x");
    assert_eq!(bench.heard(), heard(&[(2, "x")]));
    for _ in 0..2 {
        bench.say(2, RelayMessage::Unsubscribe(channel("/a")));
        bench.publish(1, b"y");
    }
    bench.say(2, RelayMessage::Unsubscribe(channel("/never")));
    assert_eq!(bench.heard(), []);
    assert_eq!(bench.closed, []);
}

#[test]
fn a_seventeenth_subscription_closes() {
    let mut bench = Bench::new();
    bench.join(1);
    for number in 0..16 {
        bench.say(1, RelayMessage::Subscribe(channel(&format!("/{number}"))));
    }
    bench.say(1, RelayMessage::Subscribe(channel("/0")));
    assert_eq!(bench.closed, [], "that one stood already");
    bench.say(1, RelayMessage::Subscribe(channel("/16")));
    bench.assert_closed(1, CloseReason::TooManySubscriptions);
    assert_eq!(bench.relay.stats().channels, 0);
}

#[test]
fn channels_are_counted_and_freed_when_empty() {
    let mut bench = Bench::with(RelayConfig { channels: 2, ..RelayConfig::default() });
    bench.join(1);
    bench.join(2);
    bench.say(1, RelayMessage::Subscribe(channel("/a")));
    bench.say(1, RelayMessage::Subscribe(channel("/b")));
    bench.say(1, RelayMessage::Unsubscribe(channel("/a")));
    bench.say(2, RelayMessage::Subscribe(channel("/c")));
    assert_eq!((bench.closed.len(), bench.relay.stats().channels), (0, 2));
    bench.say(2, RelayMessage::Subscribe(channel("/d")));
    bench.assert_closed(2, CloseReason::TooManyChannels);
    assert_eq!(bench.relay.stats().channels, 1);
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    assert_eq!(bench.relay.stats().channels, 0);
}

#[test]
fn a_client_that_says_goodbye_is_let_go() {
    let mut bench = Bench::subscribed(1);
    bench.say(1, RelayMessage::Goodbye("enough"));
    assert_eq!(bench.closed, [(1, CloseReason::ByPeer)]);
    assert_eq!(bench.heard(), []);
    assert_eq!(bench.relay.stats().connections, 0);
}

#[test]
fn connections_are_bounded() {
    let mut bench = Bench::with(RelayConfig { connections: 2, ..RelayConfig::default() });
    bench.join(1);
    bench.join(2);
    bench.connect(3);
    bench.assert_closed(3, CloseReason::TooManyConnections);
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    bench.heard.clear();
    bench.join(4);
    assert_eq!(bench.heard(), heard(&[(4, "WELC")]));
}

#[test]
fn connections_beyond_the_refused_ones_are_closed_in_silence() {
    let mut bench = Bench::with(RelayConfig { connections: 0, ..RelayConfig::default() });
    for client in 0..200 {
        bench.stop_reading(client);
        bench.connect(client);
    }
    assert_eq!(bench.relay.stats().connections, RELAY_REFUSALS);
    assert_eq!(bench.closed.len(), 200 - RELAY_REFUSALS);
}

#[test]
fn a_shutdown_hands_out_what_waits_and_says_goodbye() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    bench.publish(1, b"last");
    bench.input(RelayInput::Shutdown);
    bench.start_reading(2);
    let goodbye = "GBYE relay is shutting down";
    assert_eq!(bench.heard(), heard(&[(1, goodbye), (2, "last"), (2, goodbye)]));
    assert_eq!(bench.closed, [(1, CloseReason::Shutdown), (2, CloseReason::Shutdown)]);
    bench.closed.clear();
    bench.connect(3);
    bench.assert_closed(3, CloseReason::Shutdown);
}

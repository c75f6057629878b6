use super::*;

#[test]
fn nodes_do_not_hear_their_own_messages() {
    let mut bench = Bench::subscribed(3);
    bench.publish(2, b"x");
    assert_eq!(bench.heard(), heard(&[(1, "x"), (3, "x")]));
}

#[test]
fn deliveries_name_channel_and_origin() {
    let mut bench = Bench::subscribed(2);
    bench.publish(1, b"x");
    let deliver =
        RelayMessageBuf::Deliver { channel: channel("/a").to_channel(), from: node(1), payload: b"x".to_vec() };
    assert_eq!(bench.heard, [(2, deliver)]);
}

#[test]
fn an_empty_payload_does_not_kill_a_channel() {
    let mut bench = Bench::subscribed(2);
    bench.publish(1, b"");
    bench.publish(1, b"x");
    assert_eq!(bench.heard(), heard(&[(2, ""), (2, "x")]));
}

#[test]
fn publishing_needs_no_subscription_and_makes_no_channel() {
    let mut bench = Bench::subscribed(1);
    bench.join(2);
    bench.publish(2, b"x");
    assert_eq!(bench.heard(), heard(&[(2, "WELC"), (1, "x")]));
    bench.say(2, RelayMessage::Publish(Publish { channel: channel("/new"), to: None, payload: b"y" }));
    assert_eq!((bench.heard(), bench.relay.stats().channels), (vec![], 1));
}

#[test]
fn publishing_to_an_empty_channel_does_not_block_the_publisher() {
    let mut bench = Bench::subscribed(1);
    for _ in 0..10_000 {
        bench.publish(1, &[b'x'; 1000]);
    }
    bench.say(1, RelayMessage::Ping(1));
    assert_eq!(bench.heard(), heard(&[(1, "PONG")]));
    assert_eq!(bench.relay.stats().queued_bytes, 0);
}

#[test]
fn a_directed_message_reaches_one_and_no_other() {
    let mut bench = Bench::subscribed(3);
    bench.publish_to(1, 3, b"x");
    assert_eq!(bench.heard(), heard(&[(3, "x")]));
}

#[test]
fn directed_messages_without_a_receiver_are_dropped_and_counted() {
    let mut bench = Bench::subscribed(2);
    bench.join(3);
    bench.heard.clear();
    for to in [1, 3, 99] {
        bench.publish_to(1, to, b"x");
    }
    assert_eq!(bench.heard(), []);
    assert_eq!(bench.relay.stats().undeliverable, 3, "itself, one without the subscription, one unknown");
}

#[test]
fn a_subscriber_leaving_mid_broadcast_does_not_silence_others() {
    for leaving in 2..=4 {
        let mut bench = Bench::subscribed(4);
        bench.stop_reading(leaving);
        bench.publish(1, b"one");
        bench.input(RelayInput::Disconnected { connection: ConnectionId(leaving) });
        bench.publish(1, b"two");
        let mut stays: Vec<_> = (2..=4).filter(|client| *client != leaving).collect();
        let one = stays.clone().into_iter().map(|client| (client, "one"));
        let expected: Vec<_> = one.chain(stays.drain(..).map(|client| (client, "two"))).collect();
        assert_eq!(bench.heard(), heard(&expected));
        assert_eq!(bench.relay.stats().queued_bytes, 0);
    }
}

#[test]
fn a_connection_is_announced_once_until_it_is_drained() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    bench.announced.clear();
    for _ in 0..10 {
        bench.publish(1, b"x");
    }
    assert_eq!(bench.announced, [2]);
    assert!(bench.read(2, 5) > 0);
    bench.publish(1, b"x");
    assert_eq!(bench.announced, [2], "not drained yet");
    bench.drain(2);
    bench.publish(1, b"x");
    assert_eq!(bench.announced, [2, 2]);
}

#[test]
fn what_is_written_in_pieces_arrives_whole() {
    for most in [1, 7, 999, 20_000] {
        let mut bench = Bench::subscribed(2);
        bench.stop_reading(2);
        let large = "l".repeat(40_000);
        bench.publish(1, b"one");
        bench.publish(1, large.as_bytes());
        bench.say(2, RelayMessage::Ping(1));
        bench.publish(1, b"two");
        while bench.read(2, most) > 0 {}
        assert_eq!(bench.heard(), heard(&[(2, "one"), (2, &large), (2, "PONG"), (2, "two")]));
    }
}

#[test]
fn a_payload_waits_once_for_all_its_receivers() {
    let mut bench = Bench::subscribed(9);
    for client in 2..=9 {
        bench.stop_reading(client);
    }
    bench.publish(1, &[0; 100_000]);
    let stats = bench.relay.stats();
    assert!((100_000..101_000).contains(&stats.queued_bytes), "{}", stats.queued_bytes);
    assert_eq!(stats.delivered, 8);
    for client in 2..=9 {
        bench.input(RelayInput::Disconnected { connection: ConnectionId(client) });
    }
    assert_eq!(bench.relay.stats().queued_bytes, 0);
}

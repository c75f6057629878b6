use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_hello_comes_within_three_seconds() {
    let mut bench = Bench::new();
    bench.connect(1);
    bench.wait(SECOND * 2);
    bench.bytes(1, b"\0\0");
    assert_eq!(bench.closed, []);
    bench.wait(SECOND);
    bench.assert_closed(1, CloseReason::HelloTimeout);
}

#[test]
fn a_quiet_client_is_asked_every_30_s_and_closed_after_120() {
    let mut bench = Bench::subscribed(1);
    bench.wait(SECOND * 29);
    assert_eq!(bench.heard(), []);
    bench.wait(SECOND * 90);
    assert_eq!(bench.heard(), heard(&[(1, "PING"), (1, "PING"), (1, "PING")]));
    bench.wait(SECOND);
    bench.assert_closed(1, CloseReason::Silent);
}

#[test]
fn a_client_that_answers_stays() {
    let mut bench = Bench::subscribed(1);
    for _ in 0..20 {
        bench.wait(SECOND * 30);
        assert_eq!(bench.heard(), heard(&[(1, "PING")]));
        bench.say(1, RelayMessage::Pong(1));
    }
    assert_eq!(bench.closed, []);
}

#[test]
fn a_slow_frame_closes() {
    let mut bench = Bench::subscribed(1);
    bench.bytes(1, b"\0\x10\0\0PUBL");
    for _ in 0..4 {
        bench.bytes(1, &[0; 5_000]);
        bench.wait(SECOND * 5);
    }
    assert_eq!(bench.closed, [], "just fast enough");
    bench.bytes(1, &[0; 9_999]);
    bench.wait(SECOND * 10);
    bench.assert_closed(1, CloseReason::SlowFrame);
}

#[test]
fn a_short_frame_ends_within_ten_seconds() {
    for begun in [b"\0".as_slice(), b"\0\0\0\x0cPING1", b"\0\0\x10\0WHAT"] {
        let mut bench = Bench::subscribed(1);
        bench.wait(SECOND);
        bench.bytes(1, begun);
        bench.wait(SECOND * 9);
        assert_eq!(bench.closed, []);
        bench.wait(SECOND);
        bench.assert_closed(1, CloseReason::SlowFrame);
    }
}

#[test]
fn frames_one_after_another_are_measured_each() {
    let mut bench = Bench::subscribed(1);
    let ping = RelayMessage::Ping(1).to_frame().unwrap();
    // always in the middle of a frame, never for long in the middle of the same one
    bench.bytes(1, &ping[..5]);
    for _ in 0..30 {
        bench.wait(SECOND);
        bench.bytes(1, &[&ping[5..], &ping[..5]].concat());
    }
    assert_eq!(bench.closed, []);
}

#[test]
fn a_queue_that_takes_no_byte_for_ten_seconds_closes() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    bench.publish(1, b"x");
    bench.wait(SECOND * 9);
    bench.publish(1, b"y");
    assert_eq!(bench.closed, []);
    bench.wait(SECOND);
    assert_eq!(bench.closed, [(2, CloseReason::Stalled)], "at once: a GBYE could not be written either");
    assert_eq!(bench.relay.stats().queued_bytes, 0);
}

#[test]
fn a_queue_that_takes_a_byte_now_and_then_does_not_close() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    bench.publish(1, &[b'x'; 100]);
    for _ in 0..20 {
        bench.wait(SECOND * 9);
        assert_eq!(bench.read(2, 1), 1);
        bench.say(2, RelayMessage::Pong(1));
        bench.say(1, RelayMessage::Pong(1));
    }
    assert_eq!(bench.closed, []);
}

#[test]
fn a_goodbye_that_nobody_reads_is_given_up() {
    let mut bench = Bench::subscribed(2);
    bench.stop_reading(2);
    bench.publish(1, b"x");
    bench.bytes(2, b"\0\0\0\x03PING");
    assert_eq!(bench.closed, []);
    bench.wait(SECOND);
    assert_eq!(bench.closed, [(2, CloseReason::BadFrame)]);
    assert_eq!(bench.relay.stats().connections, 1);
}

#[test]
fn an_idle_relay_wants_no_timeout() {
    let mut bench = Bench::subscribed(1);
    bench.input(RelayInput::Disconnected { connection: ConnectionId(1) });
    assert_eq!(bench.relay.next_timeout(), None);
}

use super::*;

#[test]
fn one_malformed_message_kills_only_its_connection() {
    let cases: [(&[u8], CloseReason); 9] = [
        (b"\0\0\0\x05PING1", CloseReason::BadMessage),
        (b"\0\0\0\x04PUBL", CloseReason::BadMessage),
        (b"\0\0\0\x0dSUBS\x01\0\0\0\0\0\0\0A", CloseReason::BadChannel),
        (b"\0\0\0\x0cSUBS\0\0\0\0\0\0\0\0", CloseReason::BadChannel),
        (b"\0\0\0\x16PUBL\x01\0\0\0\0\0\0\0A\0\0\0\0\0\0\0\0\0", CloseReason::BadChannel),
        (b"\0\0\0\x03PING", CloseReason::BadFrame),
        (b"\xff\xff\xff\xffPUBL", CloseReason::BadFrame),
        (b"\0\0\0\x0cLAGD\x01\0\0\0\0\0\0\0", CloseReason::BadFrame),
        (b"\0\0\0\x04DELV", CloseReason::BadFrame),
    ];
    for (bytes, reason) in cases {
        let mut bench = Bench::subscribed(3);
        bench.bytes(3, bytes);
        bench.assert_closed(3, reason);
        bench.heard.clear();
        bench.publish(1, b"still here");
        assert_eq!(bench.heard(), heard(&[(2, "still here")]));
        assert_eq!(bench.relay.stats().closed_for_misbehaviour, 1);
    }
}

#[test]
fn messages_before_a_malformed_one_count_and_later_ones_do_not() {
    let mut bench = Bench::subscribed(2);
    let publish = |payload| RelayMessage::Publish(Publish { channel: channel("/a"), to: None, payload });
    let before = publish(b"before").to_frame().unwrap();
    let after = publish(b"after").to_frame().unwrap();
    bench.bytes(1, &[before.as_slice(), b"\0\0\0\x05PING1", &after].concat());
    bench.bytes(1, &after);
    assert_eq!(bench.heard(), heard(&[(2, "before"), (1, "GBYE malformed message")]));
}

#[test]
fn unknown_tags_are_skipped_and_counted() {
    let mut bench = Bench::subscribed(1);
    let unknown = [b"\0\x01\0\0WHAT".as_slice(), &vec![7; 65_532]].concat();
    let ping = RelayMessage::Ping(1).to_frame().unwrap();
    bench.bytes(1, &[unknown, b"\0\0\0\x04NEWS".to_vec(), ping].concat());
    assert_eq!(bench.heard(), heard(&[(1, "PONG")]));
    let stats = bench.relay.stats();
    assert_eq!((stats.unknown_frames, stats.partial_bytes), (2, 0));
    bench.bytes(1, b"\0\x01\0\x01WHAT");
    bench.assert_closed(1, CloseReason::BadFrame);
}

#[test]
fn an_unknown_first_frame_closes() {
    let mut bench = Bench::new();
    bench.connect(1);
    bench.bytes(1, b"\0\0\0\x04NEWS");
    bench.assert_closed(1, CloseReason::BadFrame);
}

#[test]
fn an_oversized_hello_is_refused_by_its_header() {
    let mut bench = Bench::new();
    bench.connect(1);
    bench.bytes(1, b"\0\0\x02\x01HELO");
    bench.assert_closed(1, CloseReason::BadFrame);
}

#[test]
fn inputs_about_strangers_change_nothing() {
    let mut bench = Bench::subscribed(1);
    let connection = ConnectionId(99);
    bench.bytes(99, b"\0\0\0\x04NEWS");
    bench.input(RelayInput::Written { connection, count: 5 });
    bench.input(RelayInput::Disconnected { connection });
    let known = ConnectionId(1);
    bench.input(RelayInput::Connected { connection: known, source: Source::Connection(known) });
    assert_eq!((bench.closed.len(), bench.relay.stats().connections), (0, 1));
    assert_eq!(bench.relay.next_write(connection, 10), [b"", b""]);
}

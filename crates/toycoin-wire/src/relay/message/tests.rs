use proptest::prelude::*;

use super::*;
use crate::{
    frame::{FrameDecoder, Reader},
    limits::MAX_PAYLOAD,
    test_util::{RelayMessageBuf, any_relay_message},
};

fn channel(name: &str) -> ChannelRef<'_> {
    ChannelRef::new(name).unwrap()
}

fn body(tag: Tag, body: &[u8]) -> Result<RelayMessage<'_>, DecodeError> {
    RelayMessage::decode(Frame { tag, body })
}

#[test]
fn every_message_is_the_frozen_vector() {
    let id = NodeId::new(*b"0123456789abcdef");
    let cases: [(RelayMessage<'_>, &[u8]); 11] = [
        (
            RelayMessage::Hello(Hello { node_id: id, agent: "x/1" }),
            b"\0\0\0\x21HELO\x01\x000123456789abcdef\x03\0\0\0\0\0\0\0x/1",
        ),
        (
            RelayMessage::Welcome(Welcome { agent: "r", max_frame: 0x20_0000, max_subscriptions: 16 }),
            b"\0\0\0\x15WELC\x01\0\0\0\0\0\0\0r\0\0\x20\0\x10\0\0\0",
        ),
        (RelayMessage::Subscribe(channel("/a")), b"\0\0\0\x0eSUBS\x02\0\0\0\0\0\0\0/a"),
        (RelayMessage::Unsubscribe(channel("/a")), b"\0\0\0\x0eUNSB\x02\0\0\0\0\0\0\0/a"),
        (
            RelayMessage::Publish(Publish { channel: channel("/a"), to: None, payload: b"hey" }),
            b"\0\0\0\x1aPUBL\x02\0\0\0\0\0\0\0/a\0\x03\0\0\0\0\0\0\0hey",
        ),
        (
            RelayMessage::Publish(Publish { channel: channel("/a"), to: Some(id), payload: b"" }),
            b"\0\0\0\x27PUBL\x02\0\0\0\0\0\0\0/a\x010123456789abcdef\0\0\0\0\0\0\0\0",
        ),
        (
            RelayMessage::Deliver(Deliver { channel: channel("/a"), from: id, payload: b"hey" }),
            b"\0\0\0\x29DELV\x02\0\0\0\0\0\0\0/a0123456789abcdef\x03\0\0\0\0\0\0\0hey",
        ),
        (RelayMessage::Lagged(258), b"\0\0\0\x0cLAGD\x02\x01\0\0\0\0\0\0"),
        (RelayMessage::Ping(1), b"\0\0\0\x0cPING\x01\0\0\0\0\0\0\0"),
        (RelayMessage::Pong(u64::MAX), b"\0\0\0\x0cPONG\xff\xff\xff\xff\xff\xff\xff\xff"),
        (RelayMessage::Goodbye("no"), b"\0\0\0\x0eGBYE\x02\0\0\0\0\0\0\0no"),
    ];
    for (message, bytes) in cases {
        assert_eq!(message.to_frame().unwrap(), bytes, "{message:?}");
        assert_eq!(body(message.tag(), &bytes[8..]), Ok(message));
    }
}

#[test]
fn another_version_is_read_no_further() {
    for rest in [b"".as_slice(), b"anything", &[0xff; 400]] {
        let bytes = [b"\x02\x00", rest].concat();
        assert_eq!(body(Tag::HELO, &bytes), Err(DecodeError::Version { version: 2 }));
    }
    assert_eq!(body(Tag::HELO, b"\x01"), Err(DecodeError::UnexpectedEnd));
}

#[test]
fn sizes_are_checked_before_encoding() {
    let name = "x".repeat(MAX_AGENT + 1);
    let hello = RelayMessage::Hello(Hello { node_id: NodeId::new([0; 16]), agent: &name });
    assert_eq!(hello.to_frame(), Err(EncodeError::FieldTooLong { field: "agent", length: 65, cap: 64 }));
    let payload = vec![0; MAX_PAYLOAD + 1];
    let publish = |payload| RelayMessage::Publish(Publish { channel: channel("/a"), to: None, payload });
    assert!(matches!(publish(&payload).to_frame(), Err(EncodeError::FieldTooLong { field: "payload", .. })));
    assert!(publish(&payload[1..]).to_frame().is_ok());
    let reason = "x".repeat(MAX_REASON + 1);
    assert!(matches!(RelayMessage::Goodbye(&reason).to_frame(), Err(EncodeError::FieldTooLong { .. })));
}

#[test]
fn sizes_are_checked_when_decoding() {
    let agent = format!("\x01\0{}\x41\0\0\0\0\0\0\0{}", "i".repeat(16), "x".repeat(65));
    let error = DecodeError::FieldTooLong { field: "agent", length: 65, cap: 64 };
    assert_eq!(body(Tag::HELO, agent.as_bytes()), Err(error));
    let length = MAX_PAYLOAD + 1;
    let publish =
        [b"\x01\0\0\0\0\0\0\0a\0".as_slice(), &(length as u64).to_le_bytes(), vec![0; length].as_slice()].concat();
    assert!(matches!(body(Tag::PUBL, &publish), Err(DecodeError::FieldTooLong { field: "payload", .. })));
}

#[test]
fn the_largest_publish_makes_a_delivery_within_its_cap() {
    let (name, payload) = ("x".repeat(64), vec![7; MAX_PAYLOAD]);
    let deliver = Deliver { channel: channel(&name), from: NodeId::new([1; 16]), payload: &payload };
    let frame = RelayMessage::Deliver(deliver).to_frame().unwrap();
    let mut decoder = FrameDecoder::new(Reader::Client);
    let welcome = RelayMessage::Welcome(Welcome { agent: "", max_frame: 0, max_subscriptions: 0 }).to_frame().unwrap();
    assert!(decoder.next_frame(&mut welcome.as_slice()).unwrap().is_some());
    assert_eq!(decoder.next_frame(&mut frame.as_slice()).unwrap().unwrap().body.len(), frame.len() - 8);
}

#[test]
fn malformed_bodies_are_errors() {
    let cases: [(Tag, &[u8]); 9] = [
        (Tag::PING, b"1234567"),
        (Tag::PING, b"123456789"),
        (Tag::SUBS, b"\x05\0\0\0\0\0\0\0abc"),
        (Tag::SUBS, b"\xff\xff\xff\xff\xff\xff\xff\xffabc"),
        (Tag::SUBS, b"\x02\0\0\0\0\0\0\0\xc3\x28"),
        (Tag::PUBL, b""),
        (Tag::PUBL, b"\x01\0\0\0\0\0\0\0a\x02\0\0\0\0\0\0\0\0"),
        (Tag::PUBL, b"\x01\0\0\0\0\0\0\0a\0\xff\xff\xff\xff\xff\xff\xff\x7f"),
        (Tag::new(*b"NOPE"), b""),
    ];
    for (tag, bytes) in cases {
        assert!(body(tag, bytes).is_err(), "{tag} {bytes:?}");
    }
    for tag in [Tag::SUBS, Tag::UNSB] {
        assert_eq!(body(tag, b"\x01\0\0\0\0\0\0\0A"), Err(ChannelRef::new("A").unwrap_err().into()));
    }
}

proptest! {
    #[test]
    fn messages_survive_the_round_trip(message in any_relay_message()) {
        let frame = message.borrowed().to_frame().unwrap();
        prop_assert_eq!(u32::from_be_bytes(*frame.first_chunk().unwrap()) as usize, frame.len() - 4);
        let decoded = body(message.borrowed().tag(), &frame[8..]).unwrap();
        prop_assert_eq!(decoded, message.borrowed());
        prop_assert_eq!(RelayMessageBuf::from(decoded), message);
    }

    #[test]
    fn no_body_makes_decoding_panic(tag in 0..10_usize, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let tags = [Tag::HELO, Tag::WELC, Tag::SUBS, Tag::UNSB, Tag::PUBL, Tag::DELV, Tag::LAGD, Tag::PING, Tag::PONG, Tag::GBYE];
        if let Ok(message) = body(tags[tag], &bytes)
            && let Ok(frame) = message.to_frame()
        {
            // each message that can be decoded has exactly one encoding
            prop_assert_eq!(&frame[8..], &bytes[..]);
        }
    }
}

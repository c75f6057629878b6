mod bounds;
mod light;
mod samples;

use proptest::{collection::vec, prelude::*, sample::Index};

use self::samples::{KNOWN, block, one_of_each, output, payload, reject, transaction};
use super::*;
use crate::{
    ChannelRef, DecodeError, EncodeError, FrameDecoder, NodeId, Reader, Tag,
    limits::{self, MAX_GET_BLOCKS, MAX_GET_TRANSACTIONS, MAX_HEADERS, MAX_LOCATOR, MAX_REJECT_TEXT},
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
    test_util::{any_node_message, chain_node_message},
};

#[test]
fn every_truncation_is_an_error() {
    for message in one_of_each() {
        let (tag, bytes) = (message.tag(), message.encode().unwrap());
        for cut in 0..bytes.len() {
            let error = match cut {
                0..4 => PayloadError::NoTag { length: cut },
                _ => PayloadError::Malformed { tag, error: DecodeError::UnexpectedEnd },
            };
            assert_eq!(NodeMessage::decode(&bytes[..cut]), Err(error), "{tag} cut at {cut}");
        }
    }
}

#[test]
fn trailing_bytes_are_refused() {
    for message in one_of_each() {
        let (tag, mut bytes) = (message.tag(), message.encode().unwrap());
        for count in 1..4 {
            bytes.push(0);
            let error = DecodeError::TrailingBytes { count };
            assert_eq!(NodeMessage::decode(&bytes), Err(PayloadError::Malformed { tag, error }));
        }
    }
}

#[test]
fn payloads_without_a_tag_are_nobodys_fault() {
    for length in 0..4 {
        let error = NodeMessage::decode(&b"STA"[..length]).unwrap_err();
        assert_eq!(error, PayloadError::NoTag { length });
        assert!(!error.is_misbehaviour());
    }
    assert!(NodeMessage::decode(b"STAT").unwrap_err().is_misbehaviour());
}

#[test]
fn unknown_tags_are_ignored_at_any_size() {
    let near_misses = [*b"TXN\0", *b"stat", *b"BLOK", *b"HELO", *b"PUBL", [0; 4], [0xff; 4]];
    for tag in near_misses.map(Tag::new) {
        for size in [0, 1, limits::MAX_SMALL_PAYLOAD, limits::MAX_PAYLOAD, limits::MAX_DECODE + 1] {
            assert_eq!(NodeMessage::decode(&payload(tag, &vec![0xff; size])), Ok(Payload::Unknown(tag)));
        }
    }
}

#[test]
fn another_versions_status_is_read_no_further() {
    for version in [0, 2, 3, u16::MAX] {
        for rest in [b"".as_slice(), b"anything", &[0xff; 10_000]] {
            let body = [version.to_le_bytes().as_slice(), rest].concat();
            assert_eq!(NodeMessage::decode(&payload(Tag::STAT, &body)), Ok(Payload::OtherVersion(version)));
        }
    }
}

#[test]
fn texts_are_utf8_and_measured_in_bytes() {
    let longest = "\u{1f9f1}".repeat(32);
    let bytes = reject(&longest).encode().unwrap();
    assert_eq!(NodeMessage::decode(&bytes), Ok(Payload::Message(reject(&longest))));
    for bad in [b"\xff", b"\xc3", b"\x80"] {
        let body = [[9; 34].as_slice(), &1_u64.to_le_bytes(), bad].concat();
        let error = NodeMessage::decode(&payload(Tag::RJCT, &body)).unwrap_err();
        assert!(matches!(error, PayloadError::Malformed { error: DecodeError::Malformed { .. }, .. }), "{error}");
    }
}

/// A transaction's encoding is 12 bytes longer than its size by formula, so the smallest ones make the largest block.
#[test]
fn the_largest_legal_blocks_fit_their_payload() {
    const LIMIT: u64 = 1_000_000;
    let fixed = block(Vec::new()).size();
    let mut largest = 0;
    for (inputs, outputs) in [(1, 1), (1, 2), (2, 1), (100, 1), (1, 1_000), (1_000, 1_000)] {
        let one = transaction(inputs, outputs);
        let room = (LIMIT - fixed) / one.size();
        let mut block = block(vec![one; usize::try_from(room).unwrap()]);
        // coinbase outputs fill the rest
        let filler = (LIMIT - block.size()) / output_size();
        block.coinbase.outputs.extend(vec![output(); usize::try_from(filler).unwrap()]);
        let formula = block.size();
        assert!((LIMIT - output_size()..=LIMIT).contains(&formula));
        let count = block.transactions.len() as u64;
        let message = NodeMessage::Block(block);
        let bytes = message.encode().unwrap();
        assert_eq!(bytes.len() as u64, 4 + formula + 8 + 8 + 12 * count, "{inputs} in, {outputs} out");
        assert!(bytes.len() <= limits::MAX_BLOCK_PAYLOAD);
        largest = largest.max(bytes.len() as u64);
        assert_eq!(NodeMessage::decode(&bytes), Ok(Payload::Message(message)));
    }
    assert!((1_070_000..1_080_000).contains(&largest), "{largest} bytes: up to 8 % more than the formula says");
}

fn output_size() -> u64 {
    transaction(0, 1).size() - transaction(0, 0).size()
}

#[test]
fn the_largest_transaction_of_a_block_fits_its_payload() {
    for (inputs, outputs) in [(999, 2), (1, 2_497), (500, 1_249)] {
        let message = NodeMessage::Transaction(transaction(inputs, outputs));
        let bytes = message.encode().unwrap();
        assert!((99_900..=100_000 + 16).contains(&bytes.len()));
        assert_eq!(NodeMessage::decode(&bytes), Ok(Payload::Message(message)));
    }
    let too_large = NodeMessage::Transaction(transaction(1_400, 1));
    let cap = limits::MAX_TRANSACTION_PAYLOAD - 4;
    assert_eq!(too_large.encode(), Err(EncodeError::TooLarge { cap }));
}

#[test]
fn the_limits_are_those_of_the_protocol() {
    assert_eq!((MAX_LOCATOR, MAX_HEADERS, MAX_GET_BLOCKS, MAX_GET_TRANSACTIONS), (64, 2_000, 16, 128));
    assert_eq!(MAX_REJECT_TEXT, 128);
    let lists = (limits::MAX_BLOCK_PLACES, limits::MAX_ANCESTORS, limits::MAX_RECEIPTS, limits::MAX_FILTERS);
    assert_eq!(lists, (4_000, 128, 64, 1_000));
    for tag in KNOWN {
        // an envelope holds every payload, and the codec accepts every envelope
        assert!(limits::payload_cap(tag).is_some_and(|cap| cap <= limits::MAX_PAYLOAD), "{tag}");
    }
    const { assert!(limits::MAX_ENVELOPE as usize <= limits::MAX_DECODE) };
}

/// A function that cuts a stream into pieces.
type Split<'s> = &'s dyn Fn(&[u8]) -> Vec<&[u8]>;

fn cut_at<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

/// Feeds a stream in pieces, and returns the payloads of its envelopes.
fn payloads(reader: Reader, bytes: &[u8], split: Split<'_>) -> Vec<Vec<u8>> {
    let mut decoder = FrameDecoder::new(reader);
    let mut payloads = Vec::new();
    for mut input in split(bytes) {
        while let Some(frame) = decoder.next_frame(&mut input).unwrap() {
            match RelayMessage::decode(frame).unwrap() {
                RelayMessage::Publish(publish) => payloads.push(publish.payload.to_vec()),
                RelayMessage::Deliver(deliver) => payloads.push(deliver.payload.to_vec()),
                _ => {}
            }
        }
    }
    assert!(!decoder.is_mid_frame());
    payloads
}

/// Carries messages through a relay: one split on the way to the relay, another on the way to the nodes.
fn through_a_relay(messages: &[NodeMessage], to: Option<NodeId>, up: Split<'_>, down: Split<'_>) -> Vec<Payload> {
    let (from, channel) = (NodeId::new([1; 16]), ChannelRef::new("/topic/main").unwrap());
    let mut upward = RelayMessage::Hello(Hello { node_id: from, agent: "node/1" }).to_frame().unwrap();
    for message in messages {
        let payload = message.encode().unwrap();
        RelayMessage::Publish(Publish { channel, to, payload: &payload }).append_frame(&mut upward).unwrap();
    }
    let welcome = Welcome { agent: "relay/1", max_frame: limits::MAX_ENVELOPE, max_subscriptions: 16 };
    let mut downward = RelayMessage::Welcome(welcome).to_frame().unwrap();
    for payload in payloads(Reader::Relay, &upward, up) {
        RelayMessage::Deliver(Deliver { channel, from, payload: &payload }).append_frame(&mut downward).unwrap();
    }
    let arrived = payloads(Reader::Client, &downward, down);
    arrived.iter().map(|payload| NodeMessage::decode(payload).unwrap()).collect()
}

proptest! {
    #[test]
    fn messages_survive_the_round_trip(message in any_node_message()) {
        let bytes = message.encode().unwrap();
        prop_assert_eq!(&bytes[..4], &message.tag().to_bytes());
        prop_assert!(bytes.len() <= limits::payload_cap(message.tag()).unwrap());
        let decoded = NodeMessage::decode(&bytes);
        prop_assert_eq!(&decoded, &Ok(Payload::Message(message)));
        let Ok(Payload::Message(decoded)) = decoded else { unreachable!() };
        prop_assert_eq!(decoded.encode().unwrap(), bytes);
    }

    #[test]
    fn truncations_and_additions_are_errors(message in any_node_message(), cut: Index, more in vec(any::<u8>(), 1..50)) {
        let bytes = message.encode().unwrap();
        prop_assert!(NodeMessage::decode(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert!(NodeMessage::decode(&[bytes, more].concat()).is_err());
    }

    #[test]
    fn what_decodes_has_one_encoding(tag in 0..KNOWN.len(), body in vec(any::<u8>(), 0..300)) {
        let bytes = payload(KNOWN[tag], &body);
        if let Ok(Payload::Message(message)) = NodeMessage::decode(&bytes) {
            prop_assert_eq!(message.encode().unwrap(), bytes);
        }
        let _ = NodeMessage::decode(&body);
    }

    /// Bytes that are almost a message reach deeper into the decoder than random ones.
    #[test]
    fn changed_messages_never_panic(message in any_node_message(), changes in vec((any::<Index>(), any::<u8>()), 1..5)) {
        let mut bytes = message.encode().unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(Payload::Message(message)) = NodeMessage::decode(&bytes) {
            prop_assert_eq!(message.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn messages_pass_a_relay_in_any_split(
        messages in vec(any_node_message(), 1..6), to in proptest::option::of(any::<[u8; 16]>()),
        up in vec(any::<Index>(), 0..12), down in vec(any::<Index>(), 0..12),
    ) {
        let arrived = through_a_relay(
            &messages, to.map(NodeId::new), &|bytes| cut_at(bytes, &up), &|bytes| cut_at(bytes, &down),
        );
        let sent: Vec<_> = messages.into_iter().map(Payload::Message).collect();
        prop_assert_eq!(arrived, sent);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_chain_passes_a_relay_byte_by_byte(message in chain_node_message()) {
        fn bytewise(bytes: &[u8]) -> Vec<&[u8]> {
            bytes.chunks(1).collect()
        }
        let arrived = through_a_relay(std::slice::from_ref(&message), None, &bytewise, &bytewise);
        prop_assert_eq!(arrived, vec![Payload::Message(message)]);
    }
}

#[test]
fn names_line_up_and_are_not_cut() {
    let (channel, id) = (crate::Channel::new("/topic/main").unwrap(), NodeId::new([0xab; 16]));
    let borrowed = channel.borrowed();
    let shown: [&dyn std::fmt::Display; 4] = [&channel, &borrowed, &id, &Tag::BLOC];
    for value in shown {
        let text = value.to_string();
        let width = text.len() + 3;
        assert_eq!(format!("{value:>width$}|{value:-<width$}|{value:.2}"), format!("   {text}|{text}---|{text}"));
    }
}

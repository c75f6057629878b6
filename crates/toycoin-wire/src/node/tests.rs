use proptest::{collection::vec, prelude::*, sample::Index};
use toycoin_core::{Amount, Coinbase, CompactTarget, MerkleRoot, OutPoint, PublicKey, Signature, StateRoot, TxOut};

use super::*;
use crate::{
    ChannelRef, FrameDecoder, NodeId, Reader,
    limits::{MAX_GET_BLOCKS, MAX_GET_TRANSACTIONS, MAX_HEADERS, MAX_LOCATOR, MAX_REJECT_TEXT},
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
    test_util::{any_node_message, chain_node_message},
};

fn header() -> Header {
    Header {
        previous: BlockHash::from_bytes([1; 32]),
        merkle_root: MerkleRoot::from_bytes([2; 32]),
        version: 1,
        bits: CompactTarget::from_bits(0x1e01_0000),
        height: 7,
        time: 1_767_225_600_000,
        state_root: StateRoot::from_bytes([3; 32]),
        nonce: 9,
    }
}

fn output() -> TxOut {
    TxOut { value: Amount::from_grains(5), owner: PublicKey::from_bytes([4; 32]) }
}

fn transaction(inputs: usize, outputs: usize) -> Transaction {
    Transaction {
        version: 1,
        inputs: vec![OutPoint { txid: Txid::from_bytes([5; 32]), vout: 1 }; inputs],
        outputs: vec![output(); outputs],
        signatures: vec![Signature::from_bytes([6; 64]); inputs],
    }
}

fn block(transactions: Vec<Transaction>) -> Block {
    let coinbase = Coinbase { height: 7, extra: b"a miner".to_vec(), outputs: vec![output()] };
    Block { header: header(), coinbase, transactions }
}

fn hashes(count: usize) -> Vec<BlockHash> {
    vec![BlockHash::from_bytes([8; 32]); count]
}

fn reject(text: &str) -> NodeMessage {
    NodeMessage::Reject(Reject { hash: [9; 32], rule: 11, text: text.into() })
}

fn address(length: usize) -> NodeAddress {
    NodeAddress { peer: vec![0x12; length], ip: [0xff; 16], port: 25_001, seen: 490_000 }
}

/// Returns one message of each kind, with no empty list.
fn one_of_each() -> Vec<NodeMessage> {
    let status = Status {
        genesis: BlockHash::from_bytes([1; 32]),
        tip: BlockHash::from_bytes([2; 32]),
        height: 3,
        work: [4; 32],
        time: 1_767_225_600_000,
    };
    vec![
        NodeMessage::Status(status),
        NodeMessage::Transaction(transaction(2, 2)),
        NodeMessage::Block(block(vec![transaction(1, 2), transaction(2, 1)])),
        NodeMessage::GetHeaders(GetHeaders { locator: hashes(3), stop: BlockHash::ZERO }),
        NodeMessage::Headers(vec![header(); 2]),
        NodeMessage::GetBlocks(hashes(2)),
        NodeMessage::NotFound(vec![[7; 32]; 2]),
        NodeMessage::GetTransactions(vec![Txid::from_bytes([6; 32]); 2]),
        reject("not enough work"),
        NodeMessage::GetAddresses,
        NodeMessage::Addresses(vec![address(36); 2]),
    ]
}

/// Builds a payload from a tag and a body, which need not fit each other.
fn payload(tag: Tag, body: &[u8]) -> Vec<u8> {
    [tag.to_bytes().as_slice(), body].concat()
}

/// Builds the body of a list that claims to have `count` items.
fn list<const N: usize>(count: u64, items: &[[u8; N]]) -> Vec<u8> {
    [count.to_le_bytes().as_slice(), items.as_flattened()].concat()
}

const KNOWN: [Tag; 11] = [
    Tag::STAT,
    Tag::TXN,
    Tag::BLOC,
    Tag::GHDR,
    Tag::HDRS,
    Tag::GBLK,
    Tag::NOTF,
    Tag::GTXN,
    Tag::RJCT,
    Tag::GADR,
    Tag::ADDR,
];

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
fn addresses_are_limited_in_number_and_length() {
    let many = NodeMessage::Addresses(vec![address(42); limits::MAX_ADDRESSES]);
    assert_eq!(NodeMessage::decode(&many.encode().unwrap()), Ok(Payload::Message(many)));
    for (addresses, count, cap) in [(vec![address(1); 65], 65, 64), (vec![address(43)], 43, 42)] {
        let error = EncodeError::TooMany { tag: Tag::ADDR, count, cap };
        assert_eq!(NodeMessage::Addresses(addresses.clone()).encode(), Err(error));
        let bytes = payload(Tag::ADDR, &codec::encode(&addresses, limits::MAX_SMALL_PAYLOAD).unwrap());
        assert_eq!(NodeMessage::decode(&bytes), Err(PayloadError::TooMany { tag: Tag::ADDR, count, cap }));
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

/// If claimed items were allocated before they arrive, 2^48 hashes would abort the process, and 2^64 - 1 would
/// overflow.
#[test]
fn hostile_counts_are_refused() {
    let header = header().to_bytes();
    let coinbase = [header.as_slice(), &7_u64.to_le_bytes()].concat();
    let no_extra = [coinbase.as_slice(), &[0; 8]].concat();
    let no_outputs = [no_extra.as_slice(), &[0; 8]].concat();
    let in_a_block = [no_outputs.as_slice(), &1_u64.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    let no_inputs = [1_u32.to_le_bytes().as_slice(), &[0; 8]].concat();
    let no_outputs_either = [no_inputs.as_slice(), &[0; 8]].concat();
    let places: [(&str, Tag, &[u8]); 14] = [
        ("inputs", Tag::TXN, &1_u32.to_le_bytes()),
        ("outputs", Tag::TXN, &no_inputs),
        ("signatures", Tag::TXN, &no_outputs_either),
        ("extra", Tag::BLOC, &coinbase),
        ("the coinbase's outputs", Tag::BLOC, &no_extra),
        ("transactions", Tag::BLOC, &no_outputs),
        ("inputs in a block", Tag::BLOC, &in_a_block),
        ("locator", Tag::GHDR, &[]),
        ("headers", Tag::HDRS, &[]),
        ("blocks", Tag::GBLK, &[]),
        ("hashes", Tag::NOTF, &[]),
        ("txids", Tag::GTXN, &[]),
        ("text", Tag::RJCT, &[9; 34]),
        ("nothing at all", Tag::HDRS, &[]),
    ];
    for (what, tag, front) in places {
        for count in [41, 4_096, 1 << 20, 1 << 32, 1 << 48, 1 << 63, u64::MAX] {
            let rest: &[u8] = if what == "nothing at all" { &[] } else { &[7; 40] };
            let body = [front, &count.to_le_bytes(), rest].concat();
            let error = PayloadError::Malformed { tag, error: DecodeError::UnexpectedEnd };
            assert_eq!(NodeMessage::decode(&payload(tag, &body)), Err(error.clone()), "{count} {what}");
            assert!(error.is_misbehaviour());
        }
    }
}

/// A body of the largest size, whose only list claims to be longer, takes the largest step of the codec's limit.
#[test]
fn hostile_counts_are_refused_in_large_payloads() {
    for (tag, cap) in [(Tag::BLOC, limits::MAX_BLOCK_PAYLOAD), (Tag::TXN, limits::MAX_TRANSACTION_PAYLOAD)] {
        let mut bytes = payload(tag, &vec![0xff; cap - 4]);
        let count = if tag == Tag::BLOC { 4 + 128 + 8 } else { 4 + 4 };
        for claim in [1 << 20, 1 << 48, u64::MAX] {
            bytes[count..count + 8].copy_from_slice(&u64::to_le_bytes(claim));
            let error = NodeMessage::decode(&bytes).unwrap_err();
            assert_eq!(error, PayloadError::Malformed { tag, error: DecodeError::UnexpectedEnd }, "{claim}");
        }
    }
}

#[test]
fn payloads_are_held_against_the_cap_of_their_tag() {
    for tag in KNOWN {
        let cap = match tag {
            Tag::BLOC => 1_310_720,
            Tag::TXN => 131_072,
            Tag::HDRS => 263_168,
            _ => 16_384,
        };
        let mut bytes = vec![0; cap + 1];
        bytes[..4].copy_from_slice(&tag.to_bytes());
        let error = PayloadError::TooLarge { tag, length: cap + 1, cap };
        assert_eq!(NodeMessage::decode(&bytes), Err(error.clone()));
        assert!(error.is_misbehaviour());
        // at the cap, the body itself is judged; version 0 in a status is another version
        match NodeMessage::decode(&bytes[..cap]) {
            Ok(Payload::OtherVersion(0)) => assert_eq!(tag, Tag::STAT),
            other => assert!(matches!(other, Err(PayloadError::Malformed { .. })), "{tag}: {other:?}"),
        }
    }
}

/// A function that makes a body with that number of items.
type Body<'b> = &'b dyn Fn(usize) -> Vec<u8>;

#[test]
fn lists_hold_exactly_what_they_may() {
    let hash = [8; 32];
    let with_stop = |count| [list(count as u64, &vec![hash; count]), vec![0; 32]].concat();
    let headers = |count| list(count as u64, &vec![header().to_bytes(); count]);
    let plain = |count| list(count as u64, &vec![hash; count]);
    let text = |count: usize| [vec![9; 34], (count as u64).to_le_bytes().to_vec(), vec![b'x'; count]].concat();
    let cases: [(Tag, usize, Body<'_>); 6] = [
        (Tag::GHDR, 64, &with_stop),
        (Tag::HDRS, 2_000, &headers),
        (Tag::GBLK, 16, &plain),
        (Tag::NOTF, 128, &plain),
        (Tag::GTXN, 128, &plain),
        (Tag::RJCT, 128, &text),
    ];
    for (tag, cap, body) in cases {
        let full = payload(tag, &body(cap));
        let Ok(Payload::Message(message)) = NodeMessage::decode(&full) else { panic!("{tag} of {cap} is refused") };
        assert_eq!(message.encode().unwrap(), full, "{tag}");
        let error = PayloadError::TooMany { tag, count: cap + 1, cap };
        assert_eq!(NodeMessage::decode(&payload(tag, &body(cap + 1))), Err(error.clone()));
        assert!(error.is_misbehaviour());
        assert!(matches!(NodeMessage::decode(&payload(tag, &body(0))), Ok(Payload::Message(_))), "{tag} may be empty");
    }
}

#[test]
fn nothing_is_encoded_that_no_receiver_takes() {
    let cases = [
        (NodeMessage::GetHeaders(GetHeaders { locator: hashes(65), stop: BlockHash::ZERO }), 64),
        (NodeMessage::Headers(vec![header(); 2_001]), 2_000),
        (NodeMessage::GetBlocks(hashes(17)), 16),
        (NodeMessage::NotFound(vec![[8; 32]; 129]), 128),
        (NodeMessage::GetTransactions(vec![Txid::from_bytes([8; 32]); 129]), 128),
        (reject(&"x".repeat(129)), 128),
    ];
    for (message, cap) in cases {
        let error = EncodeError::TooMany { tag: message.tag(), count: cap + 1, cap };
        assert_eq!(message.encode(), Err(error), "{}", message.tag());
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

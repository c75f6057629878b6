//! Bytes that are no message, and what is said of them.

use serde_json::{Value, json};
use toycoin_core::Txid;
use toycoin_wire::{
    DecodeError, FrameDecoder, NodeId, NodeMessage, Payload, PayloadError, Reader, Tag,
    relay::{Hello, RelayMessage},
};

use crate::lines::hex;

/// What a relay's decoder says of a stream: how many frames it takes and how many it passes over, or what is wrong.
pub(crate) fn judged_streams() -> Value {
    let frame = |tag: &[u8; 4], length: u32, body: &[u8]| [length.to_be_bytes().as_slice(), tag, body].concat();
    let hello =
        RelayMessage::Hello(Hello { node_id: NodeId::new([7; 16]), agent: "" }).to_frame().expect("within its caps");
    let after = |rest: Vec<u8>| [hello.clone(), rest].concat();
    let cases = [
        ("an unknown tag is passed over", after(frame(b"WHAT", 7, b"abc"))),
        ("one of 64 KiB may come", after(frame(b"WHAT", 65_536, b""))),
        ("one above that may not", after(frame(b"WHAT", 65_537, b""))),
        ("nor as the first frame", frame(b"WHAT", 4, b"")),
        ("a length counts the tag", after(frame(b"PING", 3, b""))),
        ("an empty body is a body", after(frame(b"PUBL", 4, b""))),
        ("the cap of HELO", frame(b"HELO", 513, b"")),
        ("the cap of an envelope", after(frame(b"PUBL", 2_097_153, b""))),
        ("the cap of every other frame", after(frame(b"SUBS", 4_097, b""))),
        ("a client does not deliver", after(frame(b"DELV", 4, b""))),
    ];
    let of = |(what, bytes): (&str, Vec<u8>)| {
        let mut decoder = FrameDecoder::new(Reader::Relay);
        let (mut input, mut taken) = (bytes.as_slice(), 0);
        let verdict = loop {
            match decoder.next_frame(&mut input) {
                Ok(Some(_)) => taken += 1,
                Ok(None) => break format!("{taken} taken, {} passed over", decoder.skipped()),
                Err(error) => break format!("refused: {error}"),
            }
        };
        json!({ "what": what, "stream": hex(&bytes), "verdict": verdict })
    };
    cases.map(of).into_iter().collect()
}

pub(crate) fn judged_payloads() -> Value {
    let payload = |tag: Tag, body: &[u8]| [tag.to_bytes().as_slice(), body].concat();
    let whole = NodeMessage::GetTransactions(vec![Txid::from_bytes([1; 32])]).encode().expect("within its caps");
    let hashes = |count: usize| [(count as u64).to_le_bytes().as_slice(), &vec![0; 32 * count]].concat();
    let slices = |count: u16| [[0; 64].as_slice(), &count.to_le_bytes(), &[0; 32]].concat();
    let cases = [
        ("no tag", b"STA".to_vec()),
        ("another program's", b"chat hello".to_vec()),
        ("another version of STAT", payload(Tag::STAT, b"\x02\0whatever")),
        ("a STAT that ends too soon", payload(Tag::STAT, b"\x01\0")),
        ("bytes behind the message", [whole.as_slice(), b"\0"].concat()),
        ("a byte too few", whole[..whole.len() - 1].to_vec()),
        ("a count beyond the bytes", payload(Tag::GBLK, &u64::MAX.to_le_bytes())),
        ("as many blocks as may be asked for", payload(Tag::GBLK, &hashes(16))),
        ("one more", payload(Tag::GBLK, &hashes(17))),
        ("a proof in 256 slices", payload(Tag::GPRF, &slices(256))),
        ("in one more", payload(Tag::GPRF, &slices(257))),
        ("in none", payload(Tag::GPRF, &slices(0))),
        ("as many receipts as may be asked for", payload(Tag::GTXP, &[[0; 32].as_slice(), &hashes(64)].concat())),
        ("one receipt more", payload(Tag::GTXP, &[[0; 32].as_slice(), &hashes(65)].concat())),
        ("a text that is not UTF-8", payload(Tag::RJCT, &[[0; 34].as_slice(), b"\x01\0\0\0\0\0\0\0\xff"].concat())),
    ];
    let of = |(what, bytes): (&str, Vec<u8>)| {
        let verdict = match NodeMessage::decode(&bytes) {
            Ok(Payload::Message(_)) => "taken".into(),
            Ok(_) => "ignored".into(),
            // what the deserializer says of a value is its own affair
            Err(error @ PayloadError::Malformed { error: DecodeError::Malformed { .. }, .. }) => {
                assert!(error.is_misbehaviour(), "{what}");
                "refused".into()
            }
            Err(error) if error.is_misbehaviour() => format!("refused: {error}"),
            Err(error) => format!("ignored: {error}"),
        };
        json!({ "what": what, "payload": hex(&bytes), "verdict": verdict })
    };
    cases.map(of).into_iter().collect()
}

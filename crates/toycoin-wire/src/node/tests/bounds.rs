//! Bounds: what claims too much, or has too much, is refused before it costs anything.

use toycoin_core::{
    BlockHash, Txid,
    proof::MAX_SLICES,
    snapshot::{CHUNK_COINS, MAX_CHUNKS},
};

use super::{super::*, samples::*};
use crate::{DecodeError, EncodeError, Tag, codec, limits};

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

/// Every list, text and byte field of the messages: what it is, in which message, and the body up to its count.
fn counted_fields() -> Vec<(&'static str, Tag, Vec<u8>)> {
    let none = [0; 8];
    let one = 1_u64.to_le_bytes();
    let (header, hash) = (header().to_bytes(), [8; 32]);
    let transaction = 1_u32.to_le_bytes();
    let coinbase = [header.as_slice(), &7_u64.to_le_bytes()].concat();
    let no_outputs = [coinbase.as_slice(), &none, &none].concat();
    let compact = [header.as_slice(), &[0; 8], &7_u64.to_le_bytes()].concat();
    let proof = [header.as_slice(), &[5; 40]].concat();
    let no_tail = [proof.as_slice(), &none, &[0; 32]].concat();
    let receipt = [one.as_slice(), &hash, &[0; 8]].concat();
    let filter = [one.as_slice(), &hash, &[0; 4]].concat();
    let address = [0; 22];
    vec![
        ("inputs", Tag::TXN, transaction.to_vec()),
        ("outputs", Tag::TXN, [transaction.as_slice(), &none].concat()),
        ("signatures", Tag::TXN, [transaction.as_slice(), &none, &none].concat()),
        ("extra", Tag::BLOC, coinbase.clone()),
        ("the coinbase's outputs", Tag::BLOC, [coinbase.as_slice(), &none].concat()),
        ("transactions", Tag::BLOC, no_outputs.clone()),
        ("inputs in a block", Tag::BLOC, [no_outputs.as_slice(), &one, &transaction].concat()),
        ("locator", Tag::GHDR, Vec::new()),
        ("headers", Tag::HDRS, Vec::new()),
        ("blocks", Tag::GBLK, Vec::new()),
        ("hashes", Tag::NOTF, Vec::new()),
        ("txids", Tag::GTXN, Vec::new()),
        ("text", Tag::RJCT, vec![9; 34]),
        ("addresses", Tag::ADDR, Vec::new()),
        ("a peer id", Tag::ADDR, one.to_vec()),
        ("a second peer id", Tag::ADDR, [2_u64.to_le_bytes().as_slice(), &none, &address].concat()),
        ("extra of a compact block", Tag::CBLK, compact.clone()),
        ("outputs of a compact block", Tag::CBLK, [compact.as_slice(), &none].concat()),
        ("short ids", Tag::CBLK, [compact.as_slice(), &none, &none].concat()),
        ("places", Tag::GBTX, hash.to_vec()),
        ("transactions of a block", Tag::BTXS, hash.to_vec()),
        ("the tail", Tag::PROF, proof),
        ("samples", Tag::PROF, no_tail.clone()),
        ("nodes", Tag::PROF, [no_tail.as_slice(), &none].concat()),
        ("ancestors asked for", Tag::GANC, hash.to_vec()),
        ("ancestors", Tag::ANCS, hash.to_vec()),
        ("nodes of ancestors", Tag::ANCS, [hash.as_slice(), &none].concat()),
        ("receipts asked for", Tag::GTXP, hash.to_vec()),
        ("receipts", Tag::TXPR, Vec::new()),
        ("siblings", Tag::TXPR, receipt.clone()),
        ("inputs in a receipt", Tag::TXPR, [receipt.as_slice(), &none, &[0; 4], &transaction].concat()),
        ("extra in a receipt", Tag::TXPR, [receipt.as_slice(), &none, &1_u32.to_le_bytes(), &[0; 8]].concat()),
        ("filters", Tag::FILT, Vec::new()),
        ("bytes of a filter", Tag::FILT, filter),
        ("chunks", Tag::SNPM, [header.as_slice(), &[0; 40 + 2_048]].concat()),
        ("coins", Tag::CHNK, [0; 36].to_vec()),
    ]
}

/// If claimed items were allocated before they arrive, 2^48 hashes would abort the process, and 2^64 - 1 would
/// overflow.
#[test]
fn hostile_counts_are_refused() {
    for (what, tag, front) in counted_fields() {
        for count in [41, 4_096, 1 << 20, 1 << 32, 1 << 48, 1 << 63, u64::MAX] {
            for rest in [[7; 40].as_slice(), &[]] {
                let body = [front.as_slice(), &count.to_le_bytes(), rest].concat();
                let error = PayloadError::Malformed { tag, error: DecodeError::UnexpectedEnd };
                assert_eq!(NodeMessage::decode(&payload(tag, &body)), Err(error.clone()), "{count} {what}");
                assert!(error.is_misbehaviour());
            }
        }
    }
}

/// A body of the largest size, in which one list claims to be longer, takes the largest step of the codec's limit.
#[test]
fn hostile_counts_are_refused_in_large_payloads() {
    for (what, tag, front) in counted_fields() {
        let mut bytes = payload(tag, &front);
        let count = bytes.len()..bytes.len() + 8;
        bytes.resize(limits::payload_cap(tag).unwrap(), 0xff);
        // above the cap of every payload, so no claim is right
        for claim in [1 << 21, u64::MAX] {
            bytes[count.clone()].copy_from_slice(&u64::to_le_bytes(claim));
            let error = NodeMessage::decode(&bytes).unwrap_err();
            assert_eq!(error, PayloadError::Malformed { tag, error: DecodeError::UnexpectedEnd }, "{claim} {what}");
        }
    }
}

#[test]
fn payloads_are_held_against_the_cap_of_their_tag() {
    for tag in KNOWN {
        let cap = match tag {
            Tag::BLOC | Tag::CBLK | Tag::BTXS | Tag::PROF | Tag::TXPR | Tag::SNPM => 1_310_720,
            Tag::FILT => 1_048_576,
            Tag::CHNK => 524_288,
            Tag::ANCS => 262_144,
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
    let with_tip = |count| [vec![0; 32], plain(count)].concat();
    let places = |count| [vec![0; 32], list(count as u64, &vec![[7; 4]; count])].concat();
    // version 1 and three empty lists
    let no_transaction = [1_u32.to_le_bytes().as_slice(), &[0; 24]].concat();
    let transactions =
        |count| [vec![0; 32], (count as u64).to_le_bytes().to_vec(), no_transaction.repeat(count)].concat();
    let ancestors = |count| [vec![0; 32], list(count as u64, &vec![[7; 200]; count]), vec![0; 8]].concat();
    // a hash, index, n, no siblings, the number of the kind, and the transaction
    let receipt = [[0; 32 + 4 + 4 + 8 + 4].as_slice(), &no_transaction].concat();
    let receipts = |count| [(count as u64).to_le_bytes().to_vec(), receipt.repeat(count)].concat();
    let filters = |count| list(count as u64, &vec![[0; 32 + 4 + 8]; count]);
    let chunks = |count| [vec![7; 128 + 40 + 2_048], plain(count)].concat();
    let coins = |count| [vec![7; 36], list(count as u64, &vec![[7; 84]; count])].concat();
    let cases: [(Tag, usize, Body<'_>); 15] = [
        (Tag::GHDR, 64, &with_stop),
        (Tag::HDRS, 2_000, &headers),
        (Tag::GBLK, 16, &plain),
        (Tag::NOTF, 128, &plain),
        (Tag::GTXN, 128, &plain),
        (Tag::RJCT, 128, &text),
        (Tag::GBTX, 4_000, &places),
        (Tag::BTXS, 4_000, &transactions),
        (Tag::GANC, 128, &with_tip),
        (Tag::ANCS, 128, &ancestors),
        (Tag::GTXP, 64, &with_tip),
        (Tag::TXPR, 64, &receipts),
        (Tag::FILT, 1_000, &filters),
        (Tag::SNPM, 32_768, &chunks),
        (Tag::CHNK, 4_096, &coins),
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
        (NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash(), places: vec![0; 4_001] }), 4_000),
        (transactions_of_a_block(vec![transaction(0, 0); 4_001]), 4_000),
        (get_proof(257), usize::from(MAX_SLICES)),
        (NodeMessage::GetAncestors(GetAncestors { tip: hash(), blocks: hashes(129) }), 128),
        (ancestors(129), 128),
        (NodeMessage::GetReceipts(GetReceipts { tip: hash(), transactions: vec![Txid::from_bytes([6; 32]); 65] }), 64),
        (NodeMessage::Receipts(vec![receipt(); 65]), 64),
        (NodeMessage::Filters(vec![filter(); 1_001]), 1_000),
        (NodeMessage::Manifest(manifest(32_769)), MAX_CHUNKS),
        (chunk(4_097), CHUNK_COINS),
    ];
    for (message, cap) in cases {
        let error = EncodeError::TooMany { tag: message.tag(), count: cap + 1, cap };
        assert_eq!(message.encode(), Err(error), "{}", message.tag());
    }
}

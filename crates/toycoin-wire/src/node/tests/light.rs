//! The bytes of proofs, filters, snapshots and compact blocks, against their lengths and places on the page.

use toycoin_core::proof::{MAX_SLICES, Receipt, TAIL};

use super::{super::*, samples::*};
use crate::{DecodeError, EncodeError, Tag, limits};

fn encoded(message: &NodeMessage) -> Vec<u8> {
    let bytes = message.encode().unwrap();
    assert_eq!(NodeMessage::decode(&bytes).as_ref(), Ok(&Payload::Message(message.clone())));
    bytes
}

#[test]
fn questions_have_the_bytes_of_the_page() {
    let place = 258_u32.to_le_bytes();
    let number = 258_u64.to_le_bytes();
    let two = 2_u64.to_le_bytes();
    let hashes = |fill| [two.as_slice(), &[fill; 64]].concat();
    let bodies = [
        (Tag::GBTX, [[8; 32].as_slice(), &two, &[0; 4], &place].concat()),
        (Tag::GPRF, [[1; 32].as_slice(), &[2; 32], &24_u16.to_le_bytes(), &[3; 32]].concat()),
        (Tag::GANC, [[8; 32].as_slice(), &hashes(8)].concat()),
        (Tag::GTXP, [[8; 32].as_slice(), &hashes(6)].concat()),
        (Tag::GFIL, [number.as_slice(), &[8; 32]].concat()),
        (Tag::GSNP, [8; 32].to_vec()),
        (Tag::GCHK, [[9; 32].as_slice(), &place].concat()),
    ];
    for (tag, body) in bodies {
        let message = one_of_each().into_iter().find(|message| message.tag() == tag).unwrap();
        assert_eq!(encoded(&message), payload(tag, &body), "{tag}");
    }
    assert_eq!(encoded(&get_proof(1)).len(), 4 + 98);
}

#[test]
fn proof_is_as_long_as_the_page_says() {
    for (samples, nodes) in [(0, 0), (1, 0), (0, 1), (316, 2_500)] {
        let proof = proof(TAIL, samples, nodes);
        let size = 13_024 + 200 * samples + 32 * nodes;
        assert_eq!(proof.encoded_size(), size);
        assert_eq!(encoded(&NodeMessage::Proof(proof)).len(), 4 + size);
    }
}

#[test]
fn fields_of_a_proof_stand_in_their_order() {
    let header = header().to_bytes();
    let opening = [[5; 32].as_slice(), &258_u64.to_le_bytes()].concat();
    // big-endian, as in STAT
    let work: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let body = [
        [header.as_slice(), &opening].concat(),
        [100_u64.to_le_bytes().as_slice(), &header.repeat(100), &work].concat(),
        [1_u64.to_le_bytes().as_slice(), &header, &opening, &work].concat(),
        [1_u64.to_le_bytes().as_slice(), &[6; 32]].concat(),
    ];
    assert_eq!(encoded(&NodeMessage::Proof(proof(100, 1, 1))), payload(Tag::PROF, &body.concat()));
    let nodes = [2_u64.to_le_bytes().as_slice(), &[6; 64]].concat();
    let items = [1_u64.to_le_bytes().as_slice(), &header, &opening, &work].concat();
    let body = [[8; 32].as_slice(), &items, &nodes].concat();
    assert_eq!(encoded(&ancestors(1)), payload(Tag::ANCS, &body));
}

/// What is larger than the cap of `PROF` is answered with `NOTF`, so it must not be encoded.
#[test]
fn the_largest_proof_is_bounded_by_its_payload() {
    let room = limits::MAX_BLOCK_PAYLOAD - 4 - 13_024;
    let most = proof(TAIL, 0, room / 32);
    assert_eq!(encoded(&NodeMessage::Proof(most)).len(), 4 + 13_024 + room / 32 * 32);
    let error = EncodeError::TooLarge { cap: limits::MAX_BLOCK_PAYLOAD - 4 };
    assert_eq!(NodeMessage::Proof(proof(TAIL, 0, room / 32 + 1)).encode(), Err(error));
}

#[test]
fn proofs_are_asked_with_1_to_256_slices() {
    for slices in [1, 24, MAX_SLICES] {
        encoded(&get_proof(slices));
    }
    let mut bytes = encoded(&get_proof(1));
    let mut with = |slices: u16| {
        bytes[4 + 64..4 + 66].copy_from_slice(&slices.to_le_bytes());
        NodeMessage::decode(&bytes).unwrap_err()
    };
    for slices in [257, u16::MAX] {
        assert_eq!(with(slices), PayloadError::TooMany { tag: Tag::GPRF, count: slices.into(), cap: 256 });
    }
    let none = with(0);
    assert!(matches!(none, PayloadError::Malformed { error: DecodeError::Malformed { .. }, .. }), "{none}");
    assert!(none.is_misbehaviour());
    assert!(matches!(get_proof(0).encode(), Err(EncodeError::Unsupported { .. })));
}

#[test]
fn receipts_number_their_kind_in_4_bytes() {
    let place =
        [[8; 32].as_slice(), &1_u32.to_le_bytes(), &3_u32.to_le_bytes(), &2_u64.to_le_bytes(), &[7; 64]].concat();
    let payment = NodeMessage::Transaction(transaction(1, 2)).encode().unwrap();
    let bytes = encoded(&NodeMessage::Receipts(vec![receipt()]));
    let body = [1_u64.to_le_bytes().as_slice(), &place, &0_u32.to_le_bytes(), &payment[4..]].concat();
    assert_eq!(bytes, payload(Tag::TXPR, &body));

    let of_a_coinbase = NodeMessage::Receipts(vec![Receipt { transaction: coinbase_in_a_receipt(), ..receipt() }]);
    let (height, length) = (7_u64.to_le_bytes(), 7_u64.to_le_bytes());
    let coinbase = [height.as_slice(), &length, b"a miner", &1_u64.to_le_bytes(), &5_u64.to_le_bytes(), &[4; 32]];
    let body = [1_u64.to_le_bytes().as_slice(), &place, &1_u32.to_le_bytes(), &coinbase.concat()].concat();
    assert_eq!(encoded(&of_a_coinbase), payload(Tag::TXPR, &body));

    for kind in [2_u32, 256, u32::MAX] {
        let body = [1_u64.to_le_bytes().as_slice(), &place, &kind.to_le_bytes(), &coinbase.concat()].concat();
        let error = NodeMessage::decode(&payload(Tag::TXPR, &body)).unwrap_err();
        assert!(
            matches!(error, PayloadError::Malformed { error: DecodeError::Malformed { .. }, .. }),
            "{kind}: {error}"
        );
    }
}

#[test]
fn filters_have_a_hash_a_count_and_their_bytes() {
    let one = [[8; 32].as_slice(), &2_u32.to_le_bytes(), &5_u64.to_le_bytes(), &[1, 2, 3, 4, 5]].concat();
    let body = [2_u64.to_le_bytes().as_slice(), &one.repeat(2)].concat();
    assert_eq!(encoded(&NodeMessage::Filters(vec![filter(); 2])), payload(Tag::FILT, &body));
}

#[test]
fn sums_and_coins_of_snapshots_are_raw_bytes() {
    let sum: Vec<_> = (0..2_048).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let front = [header().to_bytes().as_slice(), &[5; 32], &258_u64.to_le_bytes()].concat();
    let body = [front.as_slice(), &sum, &2_u64.to_le_bytes(), &[4; 64]].concat();
    assert_eq!(encoded(&NodeMessage::Manifest(manifest(2))), payload(Tag::SNPM, &body));

    let coin: Vec<_> = (0..84).collect();
    let body = [[9; 32].as_slice(), &258_u32.to_le_bytes(), &2_u64.to_le_bytes(), &coin.repeat(2)].concat();
    assert_eq!(encoded(&chunk(2)), payload(Tag::CHNK, &body));
}

#[test]
fn the_largest_snapshot_fits_its_payloads() {
    assert_eq!(encoded(&NodeMessage::Manifest(manifest(32_768))).len(), 4 + 128 + 40 + 2_048 + 8 + 32 * 32_768);
    assert_eq!(encoded(&chunk(4_096)).len(), 4 + 36 + 8 + 84 * 4_096);
}

#[test]
fn short_ids_are_6_bytes_each() {
    let blocks = |message: &NodeMessage| matches!(message, NodeMessage::CompactBlock(_));
    let message = one_of_each().into_iter().find(blocks).unwrap();
    let block = NodeMessage::Block(block(Vec::new())).encode().unwrap();
    // a block without payments is a header, a coinbase and a count of 0
    let (header, coinbase) = block[4..block.len() - 8].split_at(128);
    let body = [header, &10_u64.to_le_bytes(), coinbase, &2_u64.to_le_bytes(), &[7; 12]].concat();
    assert_eq!(encoded(&message), payload(Tag::CBLK, &body));
}

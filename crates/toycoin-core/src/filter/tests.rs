//! Filters against a plain set, and against whoever changes them.

use std::collections::BTreeSet;

use proptest::{collection::btree_set, prelude::*};

use super::{
    BlockFilter, FilterError, FilterItem, M, P,
    coding::{Values, encode, value_of},
};
use crate::{
    amount::Amount,
    block::Block,
    digest::{BlockHash, Txid},
    keys::PublicKey,
    params::ChainParams,
    test_util::strategies,
    transaction::{Coinbase, OutPoint, Transaction, TxOut},
};

fn owner(number: u64) -> FilterItem {
    FilterItem::Owner(PublicKey::from_bytes(*blake3::hash(&number.to_le_bytes()).as_bytes()))
}

fn spent(number: u64, vout: u32) -> FilterItem {
    FilterItem::Spent(OutPoint { txid: Txid::from_bytes(*blake3::hash(&number.to_le_bytes()).as_bytes()), vout })
}

fn owners(count: u64) -> Vec<FilterItem> {
    (0..count).map(owner).collect()
}

fn key(number: u8) -> BlockHash {
    BlockHash::from_bytes([number; 32])
}

/// What the page says, done slowly: a text of ones and zeros.
fn model(block: BlockHash, items: &BTreeSet<FilterItem>) -> Vec<u8> {
    let value = |item: &FilterItem| {
        let mut preimage = block.to_bytes().to_vec();
        match item {
            FilterItem::Owner(owner) => preimage.extend(owner.as_bytes()),
            FilterItem::Spent(OutPoint { txid, vout }) => {
                preimage.extend(txid.as_bytes());
                preimage.extend(vout.to_le_bytes());
            }
        }
        let hash = blake3::keyed_hash(blake3::hash(b"toycoin/1 filter").as_bytes(), &preimage);
        let x = u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap());
        (u128::from(x) * (items.len() as u128 * 784_931)) >> 64
    };
    let mut values: Vec<_> = items.iter().map(value).collect();
    values.sort_unstable();
    let (mut text, mut before) = (String::new(), 0);
    for value in values {
        let difference = value - before;
        text += &"1".repeat((difference / 524_288) as usize);
        text += &format!("0{:019b}", difference % 524_288);
        before = value;
    }
    while text.len() % 8 != 0 {
        text.push('0');
    }
    text.as_bytes().chunks(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

/// A strategy for items of both kinds; small numbers, so that some are alike but for their kind or vout.
fn items(count: std::ops::Range<usize>) -> impl Strategy<Value = BTreeSet<FilterItem>> {
    let item = prop_oneof![(0_u64..500).prop_map(owner), (0_u64..100, 0_u32..4).prop_map(|(n, vout)| spent(n, vout))];
    btree_set(item, count)
}

proptest! {
    #[test]
    fn every_member_matches_and_the_bytes_are_the_models(items in items(0..200), block in any::<u8>()) {
        let list: Vec<_> = items.iter().copied().collect();
        let filter = BlockFilter::of_items(key(block), &list);
        prop_assert_eq!(&filter.bytes, &model(key(block), &items));
        prop_assert_eq!(filter.check(), Ok(()));
        for item in &list {
            prop_assert_eq!(filter.matches(&[*item]), Ok(true));
            prop_assert_eq!(filter.matches(&[owner(1_000), *item, spent(1_000, 0)]), Ok(true));
        }
        prop_assert_eq!(filter.matches(&[]), Ok(false));
    }

    #[test]
    fn a_flipped_bit_gives_no_set_or_another(items in items(1..60), bit in any::<proptest::sample::Index>()) {
        let list: Vec<_> = items.iter().copied().collect();
        let honest = BlockFilter::of_items(key(1), &list);
        let values = |filter: &BlockFilter| Values::new(&filter.bytes, filter.count)?.collect::<Result<Vec<_>, _>>();
        let before = values(&honest).unwrap();
        let mut tampered = honest;
        let bit = bit.index(8 * tampered.bytes.len());
        tampered.bytes[bit / 8] ^= 0x80 >> (bit % 8);
        if let Ok(after) = values(&tampered) {
            prop_assert_ne!(&before, &after);
            prop_assert_eq!(encode(&after), tampered.bytes, "a set has one encoding");
        }
    }

    #[test]
    fn any_bytes_are_one_set_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..100), count in 0_u32..50) {
        let filter = BlockFilter { block: key(3), count, bytes };
        match Values::new(&filter.bytes, count).and_then(|values| values.collect::<Result<Vec<_>, _>>()) {
            Ok(values) => {
                prop_assert_eq!(values.len(), count as usize);
                prop_assert!(values.is_sorted() && values.iter().all(|value| *value < u64::from(count) * M));
                prop_assert_eq!(encode(&values), &filter.bytes[..]);
                prop_assert_eq!(filter.check(), Ok(()));
            }
            Err(error) => {
                prop_assert_eq!(filter.check(), Err(error));
                prop_assert_eq!(filter.matches(&owners(3)), Err(error));
            }
        }
    }

    #[test]
    fn an_item_named_twice_counts_once(items in btree_set(0_u64..50, 1..30), block: u8) {
        let once: Vec<_> = items.iter().copied().map(owner).collect();
        let twice: Vec<_> = once.iter().chain(once.iter().rev()).copied().collect();
        prop_assert_eq!(BlockFilter::of_items(key(block), &twice), BlockFilter::of_items(key(block), &once));
    }

    #[test]
    fn a_block_matches_what_it_pays_and_spends(ledger in strategies::valid_chain(1..6)) {
        for block in ledger.blocks() {
            let filter = BlockFilter::of(block);
            let mut naive = BTreeSet::new();
            naive.extend(block.coinbase.outputs.iter().map(|output| FilterItem::Owner(output.owner)));
            for transaction in &block.transactions {
                naive.extend(transaction.outputs.iter().map(|output| FilterItem::Owner(output.owner)));
                naive.extend(transaction.inputs.iter().map(|input| FilterItem::Spent(*input)));
            }
            prop_assert_eq!(filter.count as usize, naive.len());
            prop_assert_eq!(&filter.bytes, &model(block.hash(), &naive));
            for item in naive {
                prop_assert_eq!(filter.matches(&[item]), Ok(true));
            }
        }
    }
}

#[test]
fn sizes_are_those_of_the_design() {
    let size = |count| BlockFilter::of_items(key(9), &owners(count)).bytes.len();
    assert_eq!(size(0), 0);
    assert_eq!(size(1), 3);
    assert!((515..540).contains(&size(200)), "{}", size(200));
    assert!((7_800..8_000).contains(&size(3_000)), "{}", size(3_000));
}

#[test]
fn strangers_match_about_once_in_m_times() {
    let filter = BlockFilter::of_items(key(1), &owners(50));
    let values: Vec<_> = Values::new(&filter.bytes, 50).unwrap().map(Result::unwrap).collect();
    // numbers as hashes give them, 8 million of them: ten matches are expected. They are the same in each run
    let mut stream = vec![0; 64_000_000];
    blake3::Hasher::new().finalize_xof().fill(&mut stream);
    let numbers = stream.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
    let hits = numbers.filter(|number| values.binary_search(&value_of(*number, 50 * M)).is_ok()).count();
    assert!((4..=20).contains(&hits), "{hits} of 8,000,000");
}

#[test]
fn another_key_gives_another_set() {
    let filter = BlockFilter::of_items(key(1), &owners(20));
    let other = BlockFilter::of_items(key(2), &owners(20));
    assert_ne!(filter.bytes, other.bytes);
    let mislabelled = BlockFilter { block: key(2), ..filter };
    assert_eq!(mislabelled.check(), Ok(()));
    assert_eq!(mislabelled.matches(&owners(20)), Ok(false), "the owners' values are others there");
}

#[test]
fn an_item_less_or_more_does_not_decode_under_its_count() {
    let filter = BlockFilter::of_items(key(1), &owners(20));
    let less = BlockFilter { count: 19, ..filter.clone() };
    assert!(matches!(less.check(), Err(FilterError::TrailingBits | FilterError::TooGreat)), "{:?}", less.check());
    let more = BlockFilter { count: 21, ..filter.clone() };
    assert_eq!(more.check(), Err(FilterError::UnexpectedEnd));
    // a set that was made without one item, or with another one, is well-formed and differs
    for count in [19, 21] {
        let other = BlockFilter::of_items(key(1), &owners(count));
        assert_eq!(other.check(), Ok(()));
        assert_ne!(other, filter);
    }
    assert_eq!(BlockFilter::of_items(key(1), &owners(19)).matches(&[owner(19)]), Ok(false), "what was left out");
}

#[test]
fn values_alike_are_kept_and_match() {
    for value in [0, 5, 3 * M - 1] {
        let filter = BlockFilter { block: key(1), count: 3, bytes: encode(&[value; 3]) };
        assert_eq!(filter.check(), Ok(()));
    }
}

#[test]
fn values_end_below_the_number_of_items_times_m() {
    for (value, expected) in [(2 * M - 1, Ok(())), (2 * M, Err(FilterError::TooGreat))] {
        let filter = BlockFilter { block: key(1), count: 2, bytes: encode(&[7, value]) };
        assert_eq!(filter.check(), expected);
    }
}

#[test]
fn a_count_beyond_the_bytes_is_refused_at_once() {
    for (bytes, count) in [(0, 1), (2, 1), (3, 2), (100, 41), (1 << 20, u32::MAX)] {
        let filter = BlockFilter { block: key(1), count, bytes: vec![0; bytes] };
        assert_eq!(filter.matches(&owners(2)), Err(FilterError::TooMany { count, bytes }));
    }
    let filter = BlockFilter { block: key(1), count: 40, bytes: vec![0; 100] };
    assert_eq!(filter.check(), Ok(()), "the value 0, forty times");
}

#[test]
fn bits_after_the_last_value_are_refused() {
    let filter = BlockFilter::of_items(key(1), &owners(7));
    for more in [0, 1, 0x80, 0xff] {
        let mut longer = filter.clone();
        longer.bytes.push(more);
        assert_eq!(longer.check(), Err(FilterError::TrailingBits), "{more}");
    }
    // one value takes 20 bits and a quotient of at most one: from 3 to 4 bits are padding
    let mut one = BlockFilter::of_items(key(1), &owners(1));
    *one.bytes.last_mut().unwrap() |= 1;
    assert_eq!(one.check(), Err(FilterError::TrailingBits));
}

#[test]
fn every_truncation_is_refused() {
    let filter = BlockFilter::of_items(key(1), &owners(7));
    for cut in 0..filter.bytes.len() {
        let cut = BlockFilter { bytes: filter.bytes[..cut].to_vec(), ..filter.clone() };
        assert!(matches!(cut.check(), Err(FilterError::TooMany { .. } | FilterError::UnexpectedEnd)), "{cut:?}");
    }
}

#[test]
fn a_long_quotient_is_too_great_and_ends() {
    let filter = BlockFilter { block: key(1), count: 1, bytes: vec![0xff; 1 << 16] };
    assert_eq!(filter.check(), Err(FilterError::UnexpectedEnd));
    let mut bytes = vec![0xff; 1 << 16];
    bytes.extend([0; 4]);
    assert_eq!(BlockFilter { block: key(1), count: 1, bytes }.check(), Err(FilterError::TooGreat));
}

#[test]
fn a_block_without_items_has_an_empty_filter() {
    let mut block = ChainParams::regtest().genesis().clone();
    block.coinbase.outputs.clear();
    let filter = BlockFilter::of(&block);
    assert_eq!((filter.count, &filter.bytes[..]), (0, &[][..]));
    assert_eq!(filter.matches(&owners(5)), Ok(false));
    assert_eq!(BlockFilter { bytes: vec![0], ..filter }.check(), Err(FilterError::TrailingBits));
}

#[test]
fn an_item_that_a_block_names_often_counts_once() {
    let header = ChainParams::regtest().genesis().header;
    let output = TxOut { value: Amount::from_grains(1), owner: PublicKey::from_bytes([1; 32]) };
    let input = OutPoint { txid: Txid::from_bytes([2; 32]), vout: 1 };
    let payment = Transaction { version: 1, inputs: vec![input; 2], outputs: vec![output; 3], signatures: vec![] };
    let coinbase = Coinbase { height: 1, extra: vec![], outputs: vec![output] };
    let filter = BlockFilter::of(&Block { header, coinbase, transactions: vec![payment; 2] });
    assert_eq!(filter.count, 2);
    assert_eq!(filter.matches(&[FilterItem::Spent(input)]), Ok(true));
    assert_eq!(filter.matches(&[FilterItem::Spent(OutPoint { vout: 0, ..input })]), Ok(false));
    assert!(20 * filter.count <= 8 * filter.bytes.len() as u32 && P == 19);
}

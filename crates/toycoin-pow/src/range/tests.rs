use proptest::prelude::*;

use super::*;
use crate::limits;

fn parts(count: u32) -> NonZero<u32> {
    NonZero::new(count).unwrap()
}

fn size(count: u64) -> NonZero<u64> {
    NonZero::new(count).unwrap()
}

#[test]
fn ends_exclusive_or_inclusive_as_it_was_told() {
    assert_eq!(NonceRange::new(3, 6), NonceRange::inclusive(3, 5));
    assert_eq!(NonceRange::new(3, 6).first(), Some(3));
    assert_eq!(NonceRange::new(3, 6).last(), Some(5));
    assert_eq!(NonceRange::inclusive(u64::MAX, u64::MAX).len(), 1);
    assert!(NonceRange::inclusive(5, u64::MAX).contains(u64::MAX));
    assert!(!NonceRange::new(5, u64::MAX).contains(u64::MAX));
    assert_eq!(NonceRange::ALL.len(), 1 << 64);
}

#[test]
fn holds_nothing_where_the_end_is_not_above_the_start() {
    for range in [NonceRange::new(7, 7), NonceRange::new(7, 2), NonceRange::inclusive(7, 6), (7..7).into()] {
        assert!(range.is_empty(), "{range:?}");
        assert_eq!((range.first(), range.last(), range.len()), (None, None, 0));
        assert_eq!(range.chunks(limits::CHUNK).count(), 0);
    }
    let mut iterated = 3..=4;
    assert_eq!(iterated.by_ref().count(), 2);
    assert!(NonceRange::from(iterated).is_empty());
}

/// The original started every miner at nonce 0 of one header, so a second miner added nothing.
#[test]
fn miners_all_searched_the_same_nonces() {
    for workers in [1, 2, 3, 7, 64] {
        let ranges: Vec<_> = NonceRange::ALL.split(parts(workers)).collect();
        assert_eq!(ranges[0].first(), Some(0));
        assert_eq!(ranges[ranges.len() - 1].last(), Some(u64::MAX));
        for pair in ranges.windows(2) {
            assert_eq!(pair[0].last().unwrap() + 1, pair[1].first().unwrap(), "no gap and no overlap");
            assert!(pair[0].len().abs_diff(pair[1].len()) <= 1, "fair");
        }
        assert_eq!(ranges.iter().map(|range| range.len()).sum::<u128>(), 1 << 64);
    }
}

#[test]
fn chunks_reach_the_last_nonce() {
    let chunks: Vec<_> = NonceRange::inclusive(u64::MAX - 9, u64::MAX).chunks(size(4)).collect();
    let firsts: Vec<_> = chunks.iter().map(|chunk| (u64::MAX - chunk.first().unwrap(), chunk.len())).collect();
    assert_eq!(firsts, [(9, 4), (5, 4), (1, 2)]);
}

#[test]
fn takes_as_much_as_is_left() {
    let mut range = NonceRange::inclusive(u64::MAX - 2, u64::MAX);
    assert_eq!(range.take_front(0).len(), 0);
    assert_eq!(range.take_front(1), NonceRange::new(u64::MAX - 2, u64::MAX - 1));
    assert_eq!(range.take_front(u64::MAX), NonceRange::inclusive(u64::MAX - 1, u64::MAX));
    assert!(range.is_empty());
    assert!(range.take_front(1).is_empty());
}

proptest! {
    #[test]
    fn parts_and_chunks_are_the_range_each_nonce_once(
        start in prop_oneof![0..100u64, u64::MAX - 400..u64::MAX],
        len in 0..300u64,
        workers in 1..40u32,
        chunk in 1..60u64,
    ) {
        let range = match len.checked_sub(1) {
            None => NonceRange::new(start, start),
            Some(more) => NonceRange::inclusive(start, start.saturating_add(more)),
        };
        let split = range.split(parts(workers));
        prop_assert_eq!(split.len(), workers as usize);
        let mut nonces = Vec::new();
        for chunk in split.flat_map(|part| part.chunks(size(chunk))) {
            prop_assert!(!chunk.is_empty());
            nonces.extend(chunk.first().unwrap()..=chunk.last().unwrap());
        }
        let all: Vec<_> = match (range.first(), range.last()) {
            (Some(first), Some(last)) => (first..=last).collect(),
            _ => Vec::new(),
        };
        prop_assert_eq!(nonces, all);
    }
}

use proptest::prelude::*;
use toycoin_core::CompactTarget;

use super::*;

const IMPOSSIBLE: u32 = 0x0101_0000;

fn naive(header: Header, range: NonceRange) -> Outcome {
    let target = header.bits.to_target().unwrap();
    let (Some(first), Some(last)) = (range.first(), range.last()) else { return Outcome::Exhausted { hashes: 0 } };
    match (first..=last).find(|nonce| target.is_met_by(&Header { nonce: *nonce, ..header }.hash())) {
        Some(nonce) => Outcome::Found { nonce, hashes: nonce - first + 1 },
        None => Outcome::Exhausted { hashes: last - first + 1 },
    }
}

fn header(bytes: [u8; 32], bits: u32) -> Header {
    let mut header = Header::from_bytes(&[bytes, bytes, bytes, bytes].concat().try_into().unwrap());
    header.bits = CompactTarget::from_bits(bits);
    header
}

fn search(header: &Header, platform: Platform) -> Search {
    Search::with_platform(header, platform).unwrap()
}

/// Target bits that nearly every nonce meets, that one in a few meets, that one in thousands meets, that none meets.
fn bits() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![0x2100_ffff, 0x207f_ffff, 0x2007_1234, 0x2000_ffff, 0x1f7f_ffff, 0x1f00_ffff, IMPOSSIBLE])
}

/// Ranges at any position with up to a few groups of lanes, also those that cross 2^32 or end with the last nonce.
fn range() -> impl Strategy<Value = NonceRange> {
    let start = prop_oneof![
        any::<u64>(),
        (u64::from(u32::MAX) - 300)..=u64::from(u32::MAX),
        (0..700u64).prop_map(|back| u64::MAX - back),
        (1..=u64::from(u32::MAX), 0..300u64).prop_map(|(high, back)| (high << 32) - back),
    ];
    (start, 0..700u64).prop_map(|(start, length)| match length.checked_sub(1) {
        Some(more) => NonceRange::inclusive(start, start.saturating_add(more)),
        None => NonceRange::new(start, start),
    })
}

proptest! {
    #[test]
    fn every_platform_finds_what_the_naive_loop_finds(bytes: [u8; 32], bits in bits(), range in range()) {
        let header = header(bytes, bits);
        let expected = naive(header, range);
        for platform in Platform::available() {
            prop_assert_eq!(search(&header, platform).run(range), expected, "{}", platform);
        }
    }

    /// Finds all nonces that meet the target by restarting the search after each: one group of lanes can hold several.
    #[test]
    fn every_platform_finds_all_of_them_in_ascending_order(bytes: [u8; 32], bits in bits(), range in range()) {
        let header = header(bytes, bits);
        let target = header.bits.to_target().unwrap();
        let expected: Vec<u64> = match (range.first(), range.last()) {
            (Some(first), Some(last)) => {
                (first..=last).filter(|nonce| target.is_met_by(&Header { nonce: *nonce, ..header }.hash())).collect()
            }
            _ => vec![],
        };
        for platform in Platform::available() {
            let search = search(&header, platform);
            let mut rest = range;
            let found: Vec<u64> = std::iter::from_fn(|| {
                let first = rest.first()?;
                let Outcome::Found { nonce, .. } = search.run(rest) else { return None };
                let _ = rest.take_front(nonce - first + 1);
                Some(nonce)
            })
            .collect();
            prop_assert_eq!(&found, &expected, "{}", platform);
        }
    }
}

#[test]
fn counts_every_nonce_of_a_range_that_holds_none() {
    let header = header([7; 32], IMPOSSIBLE);
    for platform in Platform::available() {
        let search = search(&header, platform);
        assert_eq!(search.run(NonceRange::new(5, 5)), Outcome::Exhausted { hashes: 0 });
        assert_eq!(search.run(NonceRange::inclusive(u64::MAX, u64::MAX)), Outcome::Exhausted { hashes: 1 });
        let crossing = NonceRange::new((1 << 32) - 10_000, (1 << 32) + 10_001);
        assert_eq!(search.run(crossing), Outcome::Exhausted { hashes: 20_001 }, "{platform}");
    }
}

#[test]
fn bits_that_are_no_target_are_refused() {
    assert!(Search::new(&header([1; 32], 0)).is_err());
}

//! Filters of blocks.

use toycoin_core::{
    BlockHash, PublicKey,
    filter::{BlockFilter, FilterItem, M, P},
};

/// Throws a filter at its reader, the number of items first: what decodes is what a slow reader finds, and has no other
/// encoding.
pub fn filters(data: &[u8]) {
    let (count, bytes) = data.split_at(data.len().min(2));
    let count = count.iter().fold(0, |count, byte| count << 8 | u32::from(*byte));
    let filter = BlockFilter { block: BlockHash::ZERO, count, bytes: bytes.to_vec() };
    let values = slow_read(bytes, count);
    assert_eq!(filter.check().is_ok(), values.is_some(), "{filter:?}");
    let items = [FilterItem::Owner(PublicKey::ZERO)];
    assert_eq!(filter.matches(&items).is_ok(), values.is_some(), "{filter:?}");
    if let Some(values) = values {
        assert_eq!(slow_write(&values), bytes, "{filter:?}");
    }
}

/// Returns the values of a coded set, from a list of its bits.
fn slow_read(bytes: &[u8], count: u32) -> Option<Vec<u64>> {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1 == 1));
    let (mut values, mut before) = (Vec::new(), 0);
    for _ in 0..count {
        while bits.next()? {
            before += 1 << P;
        }
        for place in (0..P).rev() {
            before += u64::from(bits.next()?) << place;
        }
        values.push(before);
    }
    let rest: Vec<_> = bits.collect();
    let is_whole = rest.len() < 8 && !rest.contains(&true);
    (is_whole && before < u64::from(count) * M || count == 0 && bytes.is_empty()).then_some(values)
}

fn slow_write(values: &[u64]) -> Vec<u8> {
    let (mut bits, mut before) = (Vec::new(), 0);
    for value in values {
        let difference = value - before;
        bits.extend((0..difference >> P).map(|_| true));
        bits.push(false);
        bits.extend((0..P).rev().map(|place| difference >> place & 1 == 1));
        before = *value;
    }
    bits.chunks(8)
        .map(|byte| byte.iter().zip((0..8).rev()).fold(0, |sum, (bit, place)| sum | u8::from(*bit) << place))
        .collect()
}

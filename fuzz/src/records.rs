//! The records of the store.

use toycoin_node::store::{TABLES, reencode};

use super::script::Script;

/// Throws a record at a table, sealed or not as the first byte says: what is read is written again byte for byte, and no
/// flipped bit goes unnoticed.
pub fn records(data: &[u8]) {
    let mut script = Script::new(data);
    let choice = script.byte();
    let (table, key) = TABLES[usize::from(choice >> 1) % TABLES.len()];
    let (key, record) = data.get(1..).unwrap_or_default().split_at(key.min(data.len().saturating_sub(1)));
    let Some((read, written)) = reencode(table, key, record, choice & 1 == 1) else { return };
    assert_eq!(read, written, "{table}");
    let mut flipped = read;
    let bit = usize::from(choice) * 31 % (8 * flipped.len());
    flipped[bit / 8] ^= 1 << (bit % 8);
    assert_eq!(reencode(table, key, &flipped, false), None, "{table}: bit {bit}");
}

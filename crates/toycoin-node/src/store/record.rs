//! Fixed-width records, each with a checksum, so that a flipped bit is found when the record is read.
//!
//! Integers are little-endian in values and big-endian in keys, so that keys sort as numbers do. The last four bytes of
//! a value are its checksum: the first four of BLAKE3 over the table's name, a zero, the key and the other bytes of the
//! value.

use toycoin_core::hex::Hex;

use crate::store::StoreError;

/// Length of a checksum, in bytes.
pub(super) const CHECK: usize = 4;

/// Returns `N` bytes: the parts, one after the other, and their checksum.
///
/// # Panics
/// When the parts and the checksum do not have `N` bytes.
pub(super) fn seal<const N: usize>(table: &str, key: &[u8], parts: &[&[u8]]) -> [u8; N] {
    let mut record = [0; N];
    let mut at = 0;
    for part in parts {
        record[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    assert_eq!(at + CHECK, N, "a record of {table} has another width");
    let sum = check(table, key, &record[..at]);
    record[at..].copy_from_slice(&sum);
    record
}

/// Appends the checksum to a value of any length.
pub(super) fn seal_long(table: &str, key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let sum = check(table, key, &value);
    value.extend(sum);
    value
}

/// A reader of a record's fields.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    table: &'a str,
    key: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Begins to read a record, after it has verified the checksum.
    pub(super) fn open(table: &'a str, key: &'a [u8], record: &'a [u8]) -> Result<Self, StoreError> {
        let (rest, found) = record.split_at(record.len().saturating_sub(CHECK));
        if check(table, key, rest) == *found {
            Ok(Self { table, key, rest })
        } else {
            Err(damaged(table, key, "its checksum is wrong"))
        }
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (front, rest) =
            self.rest.split_first_chunk().ok_or_else(|| self.damaged("it is shorter than its fields"))?;
        self.rest = rest;
        Ok(*front)
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, StoreError> {
        self.take().map(u32::from_le_bytes)
    }

    /// Returns the remaining bytes.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn damaged(&self, reason: impl ToString) -> StoreError {
        damaged(self.table, self.key, reason)
    }
}

/// Returns the error for a damaged record.
pub(super) fn damaged(table: &str, key: &[u8], reason: impl ToString) -> StoreError {
    StoreError::damaged(format!("record {} of {table}", Hex(key)), reason)
}

fn check(table: &str, key: &[u8], value: &[u8]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(table.as_bytes()).update(&[0]).update(key).update(value);
    let mut sum = [0; CHECK];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_found_and_named() {
        let record: [u8; 16] = seal("coins", b"key", &[&7u64.to_le_bytes(), &9u32.to_le_bytes()]);
        let mut fields = Fields::open("coins", b"key", &record).unwrap();
        assert_eq!((fields.u64().unwrap(), fields.u32().unwrap()), (7, 9));
        assert!(fields.u32().is_err(), "nothing is left");
        for bit in 0..128 {
            let mut flipped = record;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = Fields::open("coins", b"key", &flipped).unwrap_err();
            assert!(error.to_string().contains("record 6b6579 of coins"), "{error}");
        }
        assert!(Fields::open("coins", b"another", &record).is_err());
        assert!(Fields::open("others", b"key", &record).is_err());
    }
}

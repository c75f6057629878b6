//! Golomb coded sets: many numbers in few bits.
//!
//! The numbers of a set are spread evenly, so that the differences between neighbours are mostly small. A difference
//! is written as its quotient by 2^[`P`] in ones and a zero, and then its remainder. Writing has no freedom, so reading
//! needs none: each set has one encoding, and anything else is refused.

use thiserror::Error;

use super::bits::{BitReader, BitWriter};

/// The number of low bits of each difference.
pub const P: u32 = 19;

/// One over the chance that a filter matches an item that is not in it. BIP158 chose it as the best one for [`P`].
pub const M: u64 = 784_931;

/// Fewest bits of a value: the zero after its quotient, and its low bits.
const MIN_BITS: usize = P as usize + 1;

/// The reason why bytes are not a coded set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The set claims more items than its bytes can hold.
    #[error("a filter of {bytes} bytes cannot have {count} items")]
    TooMany {
        /// The claimed number of items.
        count: u32,
        /// The number of bytes.
        bytes: usize,
    },
    /// The bytes end within a value.
    #[error("the filter ends within a value")]
    UnexpectedEnd,
    /// A value is not below the number of items times [`M`].
    #[error("a value of the filter is too great")]
    TooGreat,
    /// Something other than padding follows the last value.
    #[error("bits follow the last value of the filter")]
    TrailingBits,
}

/// Returns the end of a set's values: the number of its items times [`M`].
pub(super) const fn end_of_values(count: u32) -> u64 {
    count as u64 * M
}

/// Maps an item's number to a value below `end`, evenly.
pub(super) const fn value_of(number: u64, end: u64) -> u64 {
    // the product's high half is below `end`
    ((number as u128 * end as u128) >> u64::BITS) as u64
}

/// Encodes values in ascending order.
pub(super) fn encode(values: &[u64]) -> Vec<u8> {
    let mut writer = BitWriter::default();
    let mut before = 0;
    for value in values {
        let difference = value - before;
        for _ in 0..difference >> P {
            writer.push(true);
        }
        writer.push(false);
        writer.push_low(difference, P);
        before = *value;
    }
    writer.finish()
}

/// The values of a coded set, in ascending order. It ends after the first error, and allocates nothing.
#[derive(Debug, Clone)]
pub(super) struct Values<'a> {
    reader: BitReader<'a>,
    left: u32,
    end: u64,
    before: u64,
    is_over: bool,
}

impl<'a> Values<'a> {
    /// Reads a set of `count` items.
    ///
    /// # Errors
    /// When so many cannot be in the bytes.
    pub(super) const fn new(bytes: &'a [u8], count: u32) -> Result<Self, FilterError> {
        // a count that does not fit is more than any bytes hold
        if bytes.len().saturating_mul(8) / MIN_BITS < count as usize {
            return Err(FilterError::TooMany { count, bytes: bytes.len() });
        }
        let (reader, end) = (BitReader::new(bytes), end_of_values(count));
        Ok(Self { reader, left: count, end, before: 0, is_over: false })
    }

    fn read(&mut self) -> Result<u64, FilterError> {
        let mut quotient = 0_u64;
        while self.reader.next().ok_or(FilterError::UnexpectedEnd)? {
            quotient += 1;
        }
        let low = self.reader.low(P).ok_or(FilterError::UnexpectedEnd)?;
        let high = quotient.checked_mul(1 << P).ok_or(FilterError::TooGreat)?;
        let value = high.checked_add(low).and_then(|difference| self.before.checked_add(difference));
        let value = value.filter(|value| *value < self.end).ok_or(FilterError::TooGreat)?;
        (self.before, self.left) = (value, self.left - 1);
        Ok(value)
    }
}

impl Iterator for Values<'_> {
    type Item = Result<u64, FilterError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = match self.left {
            0 if self.reader.is_padding() => None,
            0 => Some(Err(FilterError::TrailingBits)),
            _ => Some(self.read()),
        };
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

//! Bits in a row of bytes, each byte filled from its highest bit.

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// How many bits of the last byte are free.
    free: u32,
}

impl BitWriter {
    /// Appends a bit.
    pub(super) fn push(&mut self, bit: bool) {
        self.push_low(u64::from(bit), 1);
    }

    /// Appends the `count` lowest bits of a number, at most 64, the highest of them first.
    pub(super) fn push_low(&mut self, number: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = u8::BITS;
            }
            // as many bits as the last byte has room for
            let some = left.min(self.free);
            (left, self.free) = (left - some, self.free - some);
            let [bits, ..] = (number >> left).to_le_bytes();
            if let Some(last) = self.bytes.last_mut() {
                *last |= (bits & (u8::MAX >> (u8::BITS - some))) << self.free;
            }
        }
    }

    /// Returns the bytes. The free bits of the last one are zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads bits.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// How many bits of the first byte were read.
    read: u32,
}

impl<'a> BitReader<'a> {
    /// Returns a reader of all bits of `bytes`.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0 }
    }

    /// Returns the next bit, `None` at the end.
    pub(super) fn next(&mut self) -> Option<bool> {
        let (first, rest) = self.bytes.split_first()?;
        let bit = first >> (u8::BITS - 1 - self.read) & 1 == 1;
        self.read += 1;
        if self.read == u8::BITS {
            (self.bytes, self.read) = (rest, 0);
        }
        Some(bit)
    }

    /// Returns a number of `count` bits, at most 64, the highest first.
    pub(super) fn low(&mut self, count: u32) -> Option<u64> {
        (0..count).try_fold(0, |number, _| Some(number << 1 | u64::from(self.next()?)))
    }

    /// Returns whether only padding is left: fewer than 8 bits, all of them zeros.
    pub(super) fn is_padding(&self) -> bool {
        match self.bytes {
            [] => true,
            [last] => self.read > 0 && last << self.read == 0,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_fill_from_their_highest_bit() {
        let mut writer = BitWriter::default();
        writer.push(true);
        writer.push_low(0b0011, 4);
        assert_eq!(writer.finish(), [0b1001_1000]);
        let mut writer = BitWriter::default();
        writer.push_low(0x1ff, 9);
        assert_eq!(writer.finish(), [0xff, 0x80]);
        assert!(BitWriter::default().finish().is_empty());
    }

    #[test]
    fn what_was_written_is_read() {
        let mut writer = BitWriter::default();
        for (number, count) in [(5, 3), (0, 7), (u64::MAX, 64), (1, 19)] {
            writer.push_low(number, count);
        }
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        assert_eq!([3, 7, 64, 19].map(|count| reader.low(count)), [Some(5), Some(0), Some(u64::MAX), Some(1)]);
        assert!(reader.is_padding());
        assert_eq!(reader.low(4), None, "three bits are left");
    }

    #[test]
    fn padding_is_less_than_a_byte_of_zeros() {
        for (bytes, read, is_padding) in [
            (&[][..], 0, true),
            (&[0], 0, false),
            (&[0x80], 1, true),
            (&[0x81], 1, false),
            (&[0x81], 7, false),
            (&[0x81], 8, true),
            (&[0x80, 0], 1, false),
        ] {
            let mut reader = BitReader::new(bytes);
            assert!(reader.low(read).is_some());
            assert_eq!(reader.is_padding(), is_padding, "{bytes:?} after {read}");
        }
    }
}

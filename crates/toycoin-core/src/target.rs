//! Targets and work: how hard a block is to find, and how many hashes a chain is worth.

use std::{fmt, iter, ops::Add};

use ruint::aliases::U256;
use thiserror::Error;

use crate::{digest::BlockHash, padding::pad_whole};

/// A target: the greatest number that a block's hash may be, read big-endian. It is at least 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(U256);

impl Target {
    /// The easiest target, 2^256 - 1, which every hash meets.
    pub const MAX: Self = Self(U256::MAX);

    /// Parses a big-endian number; `None` for zero, which no hash could meet.
    pub fn from_be_bytes(bytes: [u8; 32]) -> Option<Self> {
        Self::from_u256(U256::from_be_bytes(bytes))
    }

    /// Returns the number, big-endian. A hash meets the target if its bytes are not lexicographically greater.
    pub fn to_be_bytes(self) -> [u8; 32] {
        self.0.to_be_bytes()
    }

    /// Returns whether the hash meets the target.
    pub fn is_met_by(self, hash: &BlockHash) -> bool {
        hash.as_bytes() <= &self.to_be_bytes()
    }

    /// Returns the work of a block with this target: the average number of hashes that finding it takes, `floor(2^256 /
    /// (target + 1))`.
    pub fn work(self) -> Work {
        // 2^256 does not fit: floor(2^256 / d) = floor((2^256 - d) / d) + 1 = floor(!target / d) + 1 for d = target + 1
        let Some(divisor) = self.0.checked_add(U256::ONE) else { return Work(U256::ONE) };
        Work(!self.0 / divisor + U256::ONE)
    }

    /// Returns the target in compact form, rounded down.
    pub fn to_compact(self) -> CompactTarget {
        let size = self.0.byte_len();
        let mantissa = if size <= 3 { self.0 << (8 * (3 - size)) } else { self.0 >> (8 * (size - 3)) };
        let (mantissa, size) = (mantissa.as_limbs()[0], size as u64);
        // the top bit of the mantissa is a sign, so one byte moves to the exponent instead
        let (mantissa, size) = if mantissa & 0x80_0000 == 0 { (mantissa, size) } else { (mantissa >> 8, size + 1) };
        let bits = u32::try_from(size << 24 | mantissa).expect("at most 33 bytes, and a mantissa of 23 bits");
        CompactTarget(bits)
    }

    pub(crate) fn from_u256(value: U256) -> Option<Self> {
        (!value.is_zero()).then_some(Self(value))
    }

    pub(crate) const fn to_u256(self) -> U256 {
        self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_whole(f, &format!("{:064x}", self.0))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// The reason why bits are not a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompactTargetError {
    /// The mantissa's top bit is set.
    #[error("the sign bit is set")]
    Negative,
    /// The target is zero, which no hash could meet.
    #[error("the target is zero")]
    Zero,
    /// The target exceeds 256 bits.
    #[error("the target exceeds 256 bits")]
    Overflow,
}

/// A target in Bitcoin's compact form, as in a header: an exponent of 8 bits and a mantissa of 23 bits.
///
/// The type holds any `u32`. [`to_target`](Self::to_target) says whether it is a target.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct CompactTarget(u32);

impl CompactTarget {
    /// Wraps the number in a header.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the number in a header.
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// Returns the target, as Bitcoin's `SetCompact` reads it.
    ///
    /// # Errors
    /// When the sign bit is set, the target is zero, or it exceeds 256 bits.
    pub fn to_target(self) -> Result<Target, CompactTargetError> {
        let size = self.0 >> 24;
        let mantissa = self.0 & 0x007f_ffff;
        let mantissa = if size <= 3 { mantissa >> (8 * (3 - size)) } else { mantissa };
        if mantissa == 0 {
            return Err(CompactTargetError::Zero);
        }
        if self.0 & 0x0080_0000 != 0 {
            return Err(CompactTargetError::Negative);
        }
        let shift = 8 * size.saturating_sub(3);
        let bits = u32::BITS - mantissa.leading_zeros();
        if shift + bits > 256 {
            return Err(CompactTargetError::Overflow);
        }
        Target::from_u256(U256::from(mantissa) << usize::try_from(shift).unwrap_or(usize::MAX))
            .ok_or(CompactTargetError::Zero)
    }

    /// Returns whether the bits are the canonical form of their target, as [`Target::to_compact`] writes it.
    pub fn is_canonical(self) -> bool {
        self.to_target().is_ok_and(|target| target.to_compact() == self)
    }
}

impl fmt::Display for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_whole(f, &format!("{:#010x}", self.0))
    }
}

impl fmt::Debug for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompactTarget({self})")
    }
}

/// Work: the expected number of hashes behind a block, or behind a chain up to a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Work(U256);

impl Work {
    /// No work.
    pub const ZERO: Self = Self(U256::ZERO);

    /// Parses a big-endian number.
    pub fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(U256::from_be_bytes(bytes))
    }

    /// Returns the number, big-endian, as the message `STAT` carries it.
    pub fn to_be_bytes(self) -> [u8; 32] {
        self.0.to_be_bytes()
    }

    /// Returns the number, little-endian, as the Merkle mountain range hashes it.
    pub fn to_le_bytes(self) -> [u8; 32] {
        self.0.to_le_bytes()
    }

    /// Returns the number as an approximate float, for displays and hash rates.
    pub fn to_f64(self) -> f64 {
        self.0.as_limbs().iter().rev().fold(0.0, |sum, limb| sum * 2f64.powi(64) + *limb as f64)
    }

    /// Returns the difference, zero if `other` is greater.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Work {
    /// Writes the number big-endian, as `STAT` carries it.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::digest::serialize_bytes(&self.to_be_bytes(), serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Work {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::digest::deserialize_bytes(deserializer).map(Self::from_be_bytes)
    }
}

/// Adds work. The sum is clamped to 2^256 - 1, which no chain reaches.
impl Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(works: I) -> Self {
        works.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad_integral(true, "", &self.0.to_string())
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(bits: u32) -> Result<Target, CompactTargetError> {
        CompactTarget::from_bits(bits).to_target()
    }

    #[test]
    fn compact_form_is_bitcoins() {
        // from the arith_uint256 tests of Bitcoin Core: bits and their meaning
        for (bits, value) in [
            (0x0112_3456, U256::from(0x12)),
            (0x0212_3456, U256::from(0x1234)),
            (0x0312_3456, U256::from(0x12_3456)),
            (0x0412_3456, U256::from(0x1234_5600)),
            (0x0500_9234, U256::from(0x9234_0000u64)),
            (0x2012_3456, U256::from(0x12_3456) << 232),
        ] {
            assert_eq!(target(bits).unwrap().0, value, "{bits:#x}");
        }
        for bits in [0, 0x0012_3456, 0x0100_3456, 0x0200_0056, 0x0300_0000, 0x0400_0000, 0x0092_3456, 0x0180_3456] {
            assert_eq!(target(bits), Err(CompactTargetError::Zero), "{bits:#x}");
        }
        for bits in [0x0492_3456, 0x01fe_dcba] {
            assert_eq!(target(bits), Err(CompactTargetError::Negative), "{bits:#x}");
        }
        for bits in [0xff12_3456, 0x2300_0001, 0x2200_0100, 0x2101_0000] {
            assert_eq!(target(bits), Err(CompactTargetError::Overflow), "{bits:#x}");
        }
        for bits in [0x2200_0001, 0x2100_ffff] {
            assert!(target(bits).is_ok(), "{bits:#x} has 256 bits at the most");
            assert!(!CompactTarget::from_bits(bits).is_canonical() || bits == 0x2100_ffff, "{bits:#x}");
        }
    }

    #[test]
    fn compact_form_rounds_down_and_has_one_way_to_write() {
        for (value, bits) in [(0x80u64, 0x0200_8000), (0x12, 0x0112_0000), (0x1234_5678, 0x0412_3456)] {
            assert_eq!(Target(U256::from(value)).to_compact().0, bits, "{value:#x}");
        }
        assert_eq!(Target::MAX.to_compact().0, 0x2100_ffff);
        for bits in [0x1d00_ffff, 0x1e01_0000, 0x1f01_0000, 0x207f_ffff] {
            assert!(CompactTarget::from_bits(bits).is_canonical(), "{bits:#x}");
        }
        for bits in [0x1e00_0100, 0x0112_3456, 0x1d80_0000] {
            assert!(!CompactTarget::from_bits(bits).is_canonical(), "{bits:#x}");
        }
    }

    #[test]
    fn work_is_the_expected_number_of_hashes() {
        assert_eq!(target(0x1d00_ffff).unwrap().work().0, U256::from(0x1_0001_0001u64), "Bitcoin's first blocks");
        assert_eq!(target(0x207f_ffff).unwrap().work().0, U256::from(2));
        assert_eq!(Target::MAX.work().0, U256::from(1));
        assert_eq!(Target(U256::ONE).work().0, U256::ONE << 255);
    }

    #[test]
    fn a_hash_is_compared_as_a_big_endian_number() {
        let target = target(0x1e01_0000).unwrap();
        let mut hash = [0xff; 32];
        hash[..3].copy_from_slice(&[0, 0, 0]);
        assert!(target.is_met_by(&BlockHash::from_bytes(hash)));
        assert!(target.is_met_by(&BlockHash::from_bytes(target.to_be_bytes())), "equal is enough");
        hash.reverse();
        assert!(!target.is_met_by(&BlockHash::from_bytes(hash)));
    }
}

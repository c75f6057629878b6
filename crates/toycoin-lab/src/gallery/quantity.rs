//! Counted numbers, with their units.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};
use toycoin_core::{Amount, GRAINS_PER_TOYCOIN, Work};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Grains of money, shown as toycoins.
    Money,
    /// Hashes: the average number that a search takes.
    Hashes,
    /// Milliseconds, shown as seconds.
    Time,
    /// Things, with their name in singular and plural.
    Things(&'static str, &'static str),
}

/// A counted number, or the difference of two, with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    /// The number, in the unit's smallest part: grains, hashes, milliseconds, things.
    pub value: i128,
    /// The unit.
    pub unit: Unit,
}

impl Quantity {
    /// Returns an amount of money.
    pub fn money(amount: Amount) -> Self {
        Self { value: amount.grains().into(), unit: Unit::Money }
    }

    /// Returns a number of hashes, clamped to 2^127 - 1.
    pub fn work(work: Work) -> Self {
        let (high, low) = work
            .to_be_bytes()
            .into_iter()
            .fold((0u128, 0u128), |(high, low), byte| (high << 8 | low >> 120, low << 8 | u128::from(byte)));
        let value = if high == 0 { i128::try_from(low).unwrap_or(i128::MAX) } else { i128::MAX };
        Self { value, unit: Unit::Hashes }
    }

    /// Returns this number minus another of the same unit.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self { value: self.value.saturating_sub(other.value), unit: self.unit }
    }

    /// Returns the number without its sign.
    #[must_use]
    pub const fn size(self) -> Self {
        Self { value: self.value.saturating_abs(), unit: self.unit }
    }

    /// Returns the number without decimals if it is 1,000 toycoins or more.
    #[must_use]
    pub fn brief(self) -> Self {
        let one = i128::from(GRAINS_PER_TOYCOIN);
        let is_large = self.unit == Unit::Money && self.value.saturating_abs() >= 1_000 * one;
        Self { value: if is_large { self.value - self.value % one } else { self.value }, ..self }
    }

    /// Returns the number with a sign and its unit, such as `+1,000 toycoins`.
    pub fn signed(self) -> String {
        if self.value > 0 { format!("+{self}") } else { self.to_string() }
    }
}

/// Shows the number with its unit, such as `1,000.5 toycoins`, `1 coin` or `5.2e30 hashes`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = match self.unit {
            Unit::Money => i128::from(GRAINS_PER_TOYCOIN),
            Unit::Time => 1_000,
            Unit::Hashes | Unit::Things(..) => 1,
        };
        let is_one = self.value == one || self.value == -one;
        let unit = match self.unit {
            Unit::Money if is_one => "toycoin",
            Unit::Money => "toycoins",
            Unit::Hashes if is_one => "hash",
            Unit::Hashes => "hashes",
            Unit::Time if is_one => "second",
            Unit::Time => "seconds",
            Unit::Things(singular, _) if is_one => singular,
            Unit::Things(_, plural) => plural,
        };
        f.pad(format!("{} {unit}", decimal(self.value, one)).trim_end())
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unit = match self.unit {
            Unit::Money => "grains",
            Unit::Hashes => "hashes",
            Unit::Time => "ms",
            Unit::Things(_, plural) => plural,
        };
        let mut fields = serializer.serialize_struct("Quantity", 2)?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("unit", unit)?;
        fields.end()
    }
}

/// Returns `value / one` as a decimal number: with commas, without trailing zeros, and with a power of ten from 10^12
/// on.
fn decimal(value: i128, one: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, rest) = (value.unsigned_abs() / one.unsigned_abs(), value.unsigned_abs() % one.unsigned_abs());
    if whole >= POWERS_FROM {
        let exponent = whole.ilog10();
        let tenths = whole / 10u128.pow(exponent - 1);
        return format!("{sign}{}.{}e{exponent}", tenths / 10, tenths % 10);
    }
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let decimals = one.unsigned_abs().ilog10() as usize;
    let fraction = format!("{rest:0decimals$}");
    let fraction = if decimals == 0 { "" } else { fraction.trim_end_matches('0') };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

/// Number from which a power of ten is shown.
const POWERS_FROM: u128 = 1_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_writes_them() {
        let shown = |value, unit| Quantity { value, unit }.to_string();
        assert_eq!(shown(100_050_000_000, Unit::Money), "1,000.5 toycoins");
        assert_eq!(shown(-1, Unit::Money), "-0.00000001 toycoins");
        assert_eq!(shown(100_000_000, Unit::Money), "1 toycoin");
        assert_eq!(shown(0, Unit::Hashes), "0 hashes");
        assert_eq!(shown(1, Unit::Hashes), "1 hash");
        assert_eq!(shown(1_234_567, Unit::Hashes), "1,234,567 hashes");
        assert_eq!(shown(5_290_000_000_000_000, Unit::Hashes), "5.2e15 hashes");
        assert_eq!(shown(3_600_000, Unit::Time), "3,600 seconds");
        assert_eq!(shown(2, Unit::Things("coin", "coins")), "2 coins");
        assert_eq!(Quantity { value: 7, unit: Unit::Hashes }.signed(), "+7 hashes");
        assert_eq!(shown(8, Unit::Things("", "")), "8", "a number by itself");
        assert_eq!(Quantity { value: 123_456_789_012, unit: Unit::Money }.brief().to_string(), "1,234 toycoins");
        assert_eq!(Quantity { value: 12_345_678_901, unit: Unit::Money }.brief().to_string(), "123.45678901 toycoins");
    }

    #[test]
    fn work_is_counted_to_the_hash_and_clamped() {
        let work = |bytes: &[u8]| {
            let mut padded = [0; 32];
            padded[32 - bytes.len()..].copy_from_slice(bytes);
            Quantity::work(Work::from_be_bytes(padded)).value
        };
        assert_eq!(work(&[0x10, 0x01]), 4_097);
        assert_eq!(work(&[0x7f; 16]), i128::from_be_bytes([0x7f; 16]));
        assert_eq!(work(&[0xff; 16]), i128::MAX);
        assert_eq!(work(&[0xff; 32]), i128::MAX);
    }
}

//! Money: amounts in grains, and fee rates in grains per byte.

use std::{fmt, iter, str::FromStr};

use thiserror::Error;

use crate::padding::pad_whole;

/// The number of grains in one toycoin.
pub const GRAINS_PER_TOYCOIN: u64 = 100_000_000;

/// The number of decimals of an amount in toycoins.
const DECIMALS: usize = 8;

/// An amount of money in grains, the smallest unit. 1 toycoin is 100,000,000 grains.
///
/// The type holds any `u64`. That a coin's value lies in `1..=MAX_MONEY` is a rule that a block can break, not a
/// property of the type. There is therefore no operator `+`: sums use [`checked_add`](Self::checked_add) or
/// [`sum_in_range`](Self::sum_in_range).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Amount(u64);

impl Amount {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The money limit, 21,000,000 toycoins. No sum of money on a valid chain is larger.
    pub const MAX_MONEY: Self = Self(21_000_000 * GRAINS_PER_TOYCOIN);

    /// Returns an amount of that many grains.
    pub const fn from_grains(grains: u64) -> Self {
        Self(grains)
    }

    /// Returns an amount of that many whole toycoins.
    ///
    /// # Errors
    /// When the amount is more than [`MAX_MONEY`](Self::MAX_MONEY).
    pub fn from_toycoins(toycoins: u64) -> Result<Self, ParseAmountError> {
        toycoins
            .checked_mul(GRAINS_PER_TOYCOIN)
            .map(Self)
            .filter(|amount| *amount <= Self::MAX_MONEY)
            .ok_or(ParseAmountError::TooLarge)
    }

    /// Returns the number of grains.
    pub const fn grains(self) -> u64 {
        self.0
    }

    /// Returns whether one coin may have this value: `1..=MAX_MONEY`.
    pub const fn is_coin_value(self) -> bool {
        self.0 >= 1 && self.0 <= Self::MAX_MONEY.0
    }

    /// Returns the sum, or `None` when it does not fit a `u64`.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Returns the difference, or `None` when `other` is larger.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Returns the sum, clamped to `u64::MAX` grains.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the difference, clamped to zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the sum, or `None` if a partial sum exceeds [`MAX_MONEY`](Self::MAX_MONEY).
    pub fn sum_in_range(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts
            .into_iter()
            .try_fold(Self::ZERO, |sum, amount| sum.checked_add(amount).filter(|sum| *sum <= Self::MAX_MONEY))
    }
}

/// Sums with [`saturating_add`](Amount::saturating_add): for displays and totals, never for rules.
impl iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// Shows toycoins with all 8 decimals, such as `51.00000000`. With a precision, the amount is rounded half up to that
/// many decimals.
///
/// Width, fill, alignment and sign work as for a number.
///
/// ```
/// use toycoin_core::Amount;
///
/// let amount: Amount = "1234.567".parse()?;
/// assert_eq!(format!("{amount}"), "1234.56700000");
/// assert_eq!(format!("{amount:>10.2}"), "   1234.57");
/// # Ok::<(), toycoin_core::ParseAmountError>(())
/// ```
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = f.precision().unwrap_or(DECIMALS);
        let decimals = asked.min(DECIMALS);
        let power = |exponent: usize| (0..exponent).fold(1u128, |power, _| power * 10);
        let (unit, one) = (power(DECIMALS - decimals), power(decimals));
        let rounded = (u128::from(self.0) + unit / 2) / unit;
        let (whole, fraction) = (rounded / one, rounded % one);
        let text = match asked {
            0 => whole.to_string(),
            // all decimals after the eighth are zero
            _ => format!("{whole}.{fraction:0decimals$}{:0<more$}", "", more = asked - decimals),
        };
        f.pad_integral(true, "", &text)
    }
}

/// The reason why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseAmountError {
    /// The text is not made of digits with at most one point between them.
    #[error("an amount is written like 3 or 0.25, in toycoins")]
    Malformed,
    /// The amount has more than 8 decimals.
    #[error("an amount has at most eight decimals, 0.00000001 is one grain")]
    TooPrecise,
    /// The amount is above [`Amount::MAX_MONEY`].
    #[error("there are at most 21000000 toycoins")]
    TooLarge,
}

/// Parses toycoins, such as `3`, `0.25` or `.5`: at most 8 decimals, no sign.
impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + decimals.len() == 0 || !digits(whole) || !digits(decimals) {
            return Err(ParseAmountError::Malformed);
        }
        if decimals.len() > 8 {
            return Err(ParseAmountError::TooPrecise);
        }
        let parse = |part: &str| if part.is_empty() { Ok(0) } else { part.parse::<u64>() };
        let whole = parse(whole).map_err(|_| ParseAmountError::TooLarge)?;
        let fraction = parse(&format!("{decimals:0<8}")).map_err(|_| ParseAmountError::Malformed)?;
        Self::from_toycoins(whole)?
            .checked_add(Self(fraction))
            .filter(|amount| *amount <= Self::MAX_MONEY)
            .ok_or(ParseAmountError::TooLarge)
    }
}

/// A fee rate: grains per byte of a transaction's [size](crate::Transaction::size).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FeeRate(u64);

impl FeeRate {
    /// A rate of zero: no fee.
    pub const ZERO: Self = Self(0);

    /// Returns the rate of that many grains per byte.
    pub const fn grains_per_byte(grains: u64) -> Self {
        Self(grains)
    }

    /// Returns the number of grains per byte.
    pub const fn to_grains_per_byte(self) -> u64 {
        self.0
    }

    /// Returns the fee for that many bytes, clamped to `u64::MAX` grains.
    pub const fn fee(self, bytes: u64) -> Amount {
        Amount(self.0.saturating_mul(bytes))
    }
}

impl fmt::Display for FeeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_whole(f, &format!("{} grains/byte", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_and_reads_toycoins() {
        for (text, grains) in
            [("0", 0), ("3", 300_000_000), ("0.25", 25_000_000), (".00000001", 1), ("7.", 700_000_000)]
        {
            assert_eq!(text.parse(), Ok(Amount::from_grains(grains)), "{text}");
        }
        assert_eq!(Amount::from_grains(5_100_000_000).to_string(), "51.00000000");
        assert_eq!(Amount::MAX_MONEY.to_string().parse(), Ok(Amount::MAX_MONEY));
    }

    #[test]
    fn precision_rounds_and_never_truncates() {
        let shown = |grains, decimals: usize| format!("{:.decimals$}", Amount::from_grains(grains));
        for (grains, decimals, text) in [
            (123_400_000_000, 2, "1234.00"),
            (123_400_000_000, 0, "1234"),
            (123_449_999_999, 2, "1234.50"),
            (123_499_499_999, 2, "1234.99"),
            (123_499_500_000, 2, "1235.00"),
            (49_999_999, 0, "0"),
            (50_000_000, 0, "1"),
            (1, 8, "0.00000001"),
            (1, 7, "0.0000000"),
            (5, 7, "0.0000001"),
            (12, 10, "0.0000001200"),
            (u64::MAX, 2, "184467440737.10"),
            (u64::MAX, 0, "184467440737"),
        ] {
            assert_eq!(shown(grains, decimals), text, "{grains} grains to {decimals}");
        }
    }

    #[test]
    fn amounts_line_up_as_numbers_do() {
        let amount = Amount::from_grains(1_250_000_000);
        assert_eq!(format!("{amount:14}"), "   12.50000000", "to the right by default");
        assert_eq!(
            format!("{amount:8.2}|{amount:<8.2}|{amount:_^8.2}|{amount:>8.2}"),
            "   12.50|12.50   |_12.50__|   12.50"
        );
        assert_eq!(format!("{amount:+.1} {amount:08.1} {amount:+08.1}"), "+12.5 000012.5 +00012.5");
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", ".", "-1", "+1", "1,5", "1.2.3", " 1", "1e3", "\u{0663}"] {
            assert_eq!(text.parse::<Amount>(), Err(ParseAmountError::Malformed), "{text:?}");
        }
        assert_eq!("0.000000001".parse::<Amount>(), Err(ParseAmountError::TooPrecise));
        for text in ["21000000.00000001", "99999999999999999999999"] {
            assert_eq!(text.parse::<Amount>(), Err(ParseAmountError::TooLarge), "{text}");
        }
    }

    #[test]
    fn a_running_sum_above_the_maximum_is_out_of_range() {
        let one = Amount::from_grains(1);
        assert_eq!(Amount::sum_in_range([Amount::MAX_MONEY]), Some(Amount::MAX_MONEY));
        assert_eq!(Amount::sum_in_range([Amount::MAX_MONEY, one]), None);
        assert_eq!(Amount::sum_in_range([Amount::from_grains(u64::MAX), one]), None);
    }
}

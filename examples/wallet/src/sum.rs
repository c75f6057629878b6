//! How much is paid: an amount, or all.

use std::str::FromStr;

use toycoin_core::Amount;

/// How much is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// So much.
    Amount(Amount),
    /// Everything but the fee.
    All,
}

impl FromStr for Sum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        match text.parse() {
            Ok(Amount::ZERO) => Err("nothing would be paid; give an amount above 0, or say all".into()),
            Ok(amount) => Ok(Self::Amount(amount)),
            Err(error) => Err(format!("{error}; or say all")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_or_all_is_a_sum_and_zero_is_none() {
        assert_eq!("all".parse(), Ok(Sum::All));
        assert_eq!("0.00000001".parse(), Ok(Sum::Amount(Amount::from_grains(1))));
        for wrong in ["0", "0.00", "-1", "everything"] {
            assert!(wrong.parse::<Sum>().unwrap_err().ends_with("or say all"), "{wrong}");
        }
    }
}

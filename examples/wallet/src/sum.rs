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
        text.parse().map(Self::Amount).map_err(|error| format!("{error}; or say all"))
    }
}

//! The name of a coin: the payment that made it, and which of its outputs it is.

use std::str::FromStr;

use toycoin_core::OutPoint;

/// A coin's name, `TXID:VOUT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoinName(pub OutPoint);

impl FromStr for CoinName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (txid, vout) = text.split_once(':')?;
            // a sign is no digit
            let vout = vout.bytes().all(|byte| byte.is_ascii_digit()).then(|| vout.parse().ok())??;
            Some(OutPoint { txid: txid.parse().ok()?, vout })
        };
        let hint = "a coin is a transaction id, a colon and a number; `wallet balance --coins` shows yours";
        parse().map(Self).ok_or_else(|| hint.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_an_outpoint_shows_and_nothing_else() {
        let name = format!("{}:7", "ab".repeat(32));
        let coin: CoinName = name.parse().unwrap();
        assert_eq!(coin.0.to_string(), name);
        for wrong in ["", "ab:1", &name[..64], &format!("{}:+7", "ab".repeat(32)), &format!("{name}8888888888")] {
            assert!(wrong.parse::<CoinName>().is_err(), "{wrong}");
        }
    }
}

//! What a label is for: the type and the reference of BIP-329, found by the form of a text.

use std::str::FromStr;

use toycoin_core::{Address, AddressPrefix, Txid};
use toycoin_keys::AccountKey;

use crate::coin_name::CoinName;

/// What a label is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelReference {
    /// The type, such as `tx`.
    pub kind: &'static str,
    /// The reference, in the one form in which it is kept.
    pub text: String,
}

impl LabelReference {
    /// Parses the id of a payment, an address of the network with this prefix, the name of a coin, or the public key of
    /// an account.
    ///
    /// # Errors
    /// If it is none of them; the error says what it can be, or why an address is refused.
    pub fn parse(text: &str, prefix: AddressPrefix) -> Result<Self, String> {
        if let Ok(txid) = Txid::from_str(text) {
            return Ok(Self { kind: "tx", text: txid.to_string() });
        }
        if let Ok(CoinName(coin)) = text.parse() {
            return Ok(Self { kind: "output", text: coin.to_string() });
        }
        if let Ok(key) = text.parse::<AccountKey>() {
            return Ok(Self { kind: "xpub", text: key.to_string() });
        }
        match text.parse::<Address>() {
            Ok(address) => match address.require(prefix) {
                Ok(address) => Ok(Self { kind: "addr", text: address.to_string() }),
                Err(error) => Err(error.to_string()),
            },
            Err(_) => {
                let what = "the id of a payment, an address, TXID:VOUT for a coin, or the xpub of an account";
                Err(format!("that is nothing that has a label: it has to be {what}, each copied whole"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{ChainParams, SecretKey};
    use toycoin_keys::{ExtraWord, SpendingAccount, Words};

    use super::*;

    fn parse(text: &str) -> Result<(&'static str, String), String> {
        let prefix = ChainParams::lab().spec().address_prefix;
        LabelReference::parse(text, prefix).map(|LabelReference { kind, text }| (kind, text))
    }

    #[test]
    fn the_form_tells_the_type_and_one_thing_has_one_reference() {
        let txid = "ab".repeat(32);
        let address = ChainParams::lab().address(SecretKey::classroom(0).public_key()).to_string();
        let seed = Words::from_entropy(&[7; 16]).unwrap().seed(&ExtraWord::none());
        let xpub = SpendingAccount::derive(&seed, 0).unwrap().key().to_string();
        let coin = format!("{txid}:3");
        for (kind, text) in [("tx", txid), ("addr", address.clone()), ("output", coin), ("xpub", xpub)] {
            assert_eq!(parse(&text), Ok((kind, text)));
        }
        assert_eq!(parse(&address.to_uppercase()), Ok(("addr", address)));
        assert_eq!(parse(&"AB".repeat(32)), Ok(("tx", "ab".repeat(32))));
    }

    #[test]
    fn anything_else_is_refused_with_what_it_can_be() {
        let other = ChainParams::regtest().address(SecretKey::classroom(0).public_key()).to_string();
        let elsewhere = parse(&other).unwrap_err();
        assert!(elsewhere.contains("network") || elsewhere.contains("tlab1"), "{elsewhere}");
        for wrong in ["", "rent", "ab", "tlab1qqq", &format!("{}:", "ab".repeat(32)), "xpub6C"] {
            assert!(parse(wrong).unwrap_err().contains("it has to be the id of a payment, an address"), "{wrong}");
        }
    }
}

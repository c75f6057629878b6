//! Signed texts: the owner of an address says something. No payment follows from it.

use std::error::Error;

use serde_json::json;
use toycoin_core::{
    Address, Signature,
    hex::{self, Hex},
};
use toycoin_examples::usage::Usage;
use toycoin_keys::{sign_message, verify_message};

use crate::{context::Context, own_keys::OwnKeys, signing::WalletSigner};

/// Signs a text with the key of an address, the first one unless another is named.
///
/// # Errors
/// If the address is not of this wallet or network, the wallet only watches, or the passphrase is wrong.
pub async fn sign(context: &Context<'_>, text: &str, address: Option<Address>) -> Result<(), Box<dyn Error>> {
    let prefix = context.params.spec().address_prefix;
    let named = address.map(|address| address.require(prefix)).transpose()?.map(|address| address.owner());
    let file = context.file()?;
    let keys = OwnKeys::of(&file, context.arguments, &named.into_iter().collect()).await?;
    let owner = match named {
        Some(owner) if keys.has(&owner) => owner,
        Some(owner) => {
            let address = context.params.address(owner);
            return Err(format!("{address} is not of this wallet; `wallet addresses` shows those that are").into());
        }
        None => keys.first()?,
    };
    let (identity, secrets) = keys.open(&file, context.arguments).await?;
    let key = WalletSigner::new(&secrets, identity.places())?.key_of(&owner);
    let key = key.ok_or("the wallet's file was changed: the passphrase opens other keys than those it shows")?;
    let signature = Hex(sign_message(&key, text).as_bytes()).to_string();
    let address = context.params.address(owner).to_string();
    // in one line, however wide: it is copied
    let lines = [format!("address    {address}"), format!("signature  {signature}")];
    context.voice.both(lines, &json!({ "address": address, "text": text, "signature": signature }));
    Ok(())
}

/// Verifies a signed text. No wallet is needed.
///
/// # Errors
/// If the signature is another's or of another text, or the address is of another network. [`Usage`] if the signature
/// is none.
pub fn verify(context: &Context<'_>, address: Address, text: &str, signature: &str) -> Result<(), Box<dyn Error>> {
    let address = address.require(context.params.spec().address_prefix)?;
    let signature = hex::decode(signature.trim()).map(Signature::from_bytes).ok_or_else(|| {
        Usage::new("a signature has 128 hex digits, as `wallet sign-message` prints them; copy it whole".into())
    })?;
    if verify_message(&address.owner(), text, &signature) {
        let answer = json!({ "verified": true, "address": address.to_string() });
        context.voice.both([format!("the signature is that of {address}")], &answer);
        return Ok(());
    }
    context.voice.answer(&json!({ "verified": false, "address": address.to_string() }));
    Err(format!("the signature is not that of {address} for this text; the text has to be the same, blanks included")
        .into())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use toycoin_core::{ChainParams, SecretKey};

    use super::*;
    use crate::arguments::Arguments;

    fn verified(address: Address, text: &str, signature: &str) -> Result<(), Box<dyn Error>> {
        let arguments = Arguments::try_parse_from(["wallet", "tip"])?;
        verify(&Context::new(&arguments)?, address, text, signature)
    }

    #[test]
    fn a_signature_is_that_of_one_address_and_text() {
        let (key, text) = (SecretKey::classroom(0), "I pay on Friday");
        let address = |index| ChainParams::lab().address(SecretKey::classroom(index).public_key());
        let signature = Hex(sign_message(&key, text).as_bytes()).to_string();
        assert!(verified(address(0), text, &signature).is_ok());
        assert!(verified(address(0), text, &signature.to_uppercase()).is_ok());
        for (address, text) in [(address(1), text), (address(0), "I pay on friday"), (address(0), "I pay on Friday ")] {
            let error = verified(address, text, &signature).unwrap_err();
            assert!(!error.is::<Usage>() && error.to_string().starts_with("the signature is not that of tlab1"));
        }
    }

    #[test]
    fn what_is_no_signature_is_wrong_usage() {
        let address = ChainParams::lab().address(SecretKey::classroom(0).public_key());
        for wrong in ["", "ab", &"ab".repeat(65), &"zz".repeat(64)] {
            assert!(verified(address, "text", wrong).unwrap_err().is::<Usage>(), "{wrong}");
        }
        let elsewhere = ChainParams::regtest().address(SecretKey::classroom(0).public_key());
        assert!(!verified(elsewhere, "text", &"ab".repeat(64)).unwrap_err().is::<Usage>());
    }
}

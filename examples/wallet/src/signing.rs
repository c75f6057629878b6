//! Signing with the keys of a wallet that was opened.

use std::error::Error;

use toycoin_core::{PublicKey, SecretKey, Sighash, Signature, Signer};
use toycoin_keys::{SpendingAccount, Unlocked};

use crate::places::Places;

/// The secret keys of a wallet. They are erased from memory when dropped.
#[derive(Debug)]
pub enum Secrets {
    /// One key.
    Single(SecretKey),
    /// The keys of an account.
    Account(Box<Unlocked>),
}

/// Signs for the owners of a wallet.
///
/// Two programs that use one wallet may make the same payment. Fresh randomness in each signature tells which of them
/// was confirmed.
pub struct WalletSigner<'a> {
    secrets: &'a Secrets,
    places: Option<&'a Places>,
    randomness: [u8; 32],
}

impl<'a> WalletSigner<'a> {
    /// Signs with these secrets for owners at these places.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn new(secrets: &'a Secrets, places: Option<&'a Places>) -> Result<Self, Box<dyn Error>> {
        let mut randomness = [0; 32];
        getrandom::fill(&mut randomness)?;
        Ok(Self { secrets, places, randomness })
    }

    /// Returns the secret key of an owner; `None` if it is not here.
    pub fn key_of(&self, owner: &PublicKey) -> Option<SecretKey> {
        match self.secrets {
            Secrets::Single(key) => (key.public_key() == *owner).then(|| key.clone()),
            Secrets::Account(unlocked) => of_account(unlocked.account(), self.places?, owner),
        }
    }
}

fn of_account(account: &SpendingAccount, places: &Places, owner: &PublicKey) -> Option<SecretKey> {
    let key = account.secret_key(places.place_of(owner)?).ok()?;
    // places that are not of this account would give another owner's signature
    (key.public_key() == *owner).then_some(key)
}

impl Signer for WalletSigner<'_> {
    fn sign(&self, owner: &PublicKey, sighash: &Sighash) -> Option<Signature> {
        Some(self.key_of(owner)?.sign_with(sighash.as_bytes(), &self.randomness))
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Amount, Chain, ChainParams, wallet::Wallet};

    use super::*;

    #[test]
    fn same_payment_of_two_programs_has_other_signatures() {
        let params = ChainParams::regtest();
        let to = params.address(SecretKey::classroom(1).public_key());
        let wallet = Wallet::new(params.clone(), SecretKey::classroom(0));
        let payment = wallet.prepare(|builder| builder.pay(to, Amount::from_grains(5))).unwrap();
        let secrets = Secrets::Single(SecretKey::classroom(0));
        let [one, other] = [0, 1].map(|_| payment.clone().sign(&WalletSigner::new(&secrets, None).unwrap()).unwrap());
        assert_eq!(one.txid(), other.txid());
        assert_ne!(one.signatures, other.signatures);
        let now_ms = 1_767_226_000_000;
        for payment in [one, other] {
            let mut chain = Chain::in_memory(params.clone());
            let block = chain.template(vec![payment], to.owner(), b"", now_ms).unwrap().mine_trivial();
            chain.apply(block, now_ms).expect("both are valid");
        }
        let foreign = Secrets::Single(SecretKey::classroom(1));
        let signer = WalletSigner::new(&foreign, None).unwrap();
        assert!(payment.sign(&signer).is_err(), "another's key signs nothing");
    }
}

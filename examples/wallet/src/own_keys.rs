//! The keys of a wallet without a network: whose they are, and how they are opened.

use std::{collections::BTreeSet, error::Error};

use toycoin_core::PublicKey;
use toycoin_keys::{Branch, Place};

use crate::{
    arguments::Arguments,
    identity::Identity,
    session::{identity_of, secrets_of, unlocked},
    signing::Secrets,
    wallet_file::WalletFile,
};

/// The owners of a wallet, and its secrets if they had to be opened to know the owners.
#[derive(Debug)]
pub struct OwnKeys {
    identity: Identity,
    secrets: Option<Secrets>,
}

impl OwnKeys {
    /// Learns whose keys these are, and looks for these owners at further places, too. A private file is
    /// opened for that.
    ///
    /// # Errors
    /// If a private file cannot be opened.
    pub async fn of(
        file: &WalletFile,
        arguments: &Arguments,
        wanted: &BTreeSet<PublicKey>,
    ) -> Result<Self, Box<dyn Error>> {
        let is_private = file.sealed().is_some_and(|sealed| sealed.account_key().is_none());
        // a private file is opened once, and not a second time to sign
        let (mut identity, secrets) = if is_private {
            let unlocked = unlocked(file, arguments).await?;
            let identity = Identity::of_account(unlocked.account_key().clone(), file.next().unwrap_or_default());
            (identity, Some(Secrets::Account(Box::new(unlocked))))
        } else {
            (identity_of(file, arguments).await?, None)
        };
        if let Some(places) = identity.places_mut() {
            places.look_for(wanted);
        }
        Ok(Self { identity, secrets })
    }

    /// Returns the owners.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the owners, and the secrets if they had to be opened.
    pub fn into_parts(self) -> (Identity, Option<Secrets>) {
        (self.identity, self.secrets)
    }

    /// Returns whether an owner is one of this wallet.
    pub fn has(&self, owner: &PublicKey) -> bool {
        match &self.identity {
            Identity::Single(own) => own == owner,
            Identity::Account(places) => places.place_of(owner).is_some(),
        }
    }

    /// Returns the owner of the first address that the wallet ever gave out.
    ///
    /// # Errors
    /// If there is no key at the first place, which has a chance below 2^-127.
    pub fn first(&self) -> Result<PublicKey, Box<dyn Error>> {
        match &self.identity {
            Identity::Single(owner) => Ok(*owner),
            Identity::Account(places) => {
                let first = Place::new(Branch::Receive, 0).ok_or("there is a first place")?;
                Ok(places.key().owner(first)?)
            }
        }
    }

    /// Opens the secrets, with the passphrase if they are not open yet.
    ///
    /// # Errors
    /// If the wallet only watches, or the passphrase is wrong.
    pub async fn open(self, file: &WalletFile, arguments: &Arguments) -> Result<(Identity, Secrets), Box<dyn Error>> {
        let secrets = match self.secrets {
            Some(secrets) => secrets,
            None => secrets_of(file, arguments).await?,
        };
        Ok((self.identity, secrets))
    }
}

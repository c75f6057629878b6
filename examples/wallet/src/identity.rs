//! Who a wallet is: its owners, as far as they are known without a passphrase.

use std::error::Error;

use toycoin_core::{PublicKey, wallet::Owners};
use toycoin_keys::{AccountKey, NextPlaces, Place};

use crate::places::Places;

/// The owners of a wallet.
#[derive(Debug, Clone)]
pub enum Identity {
    /// One key, for payments and for change.
    Single(PublicKey),
    /// The keys of an account.
    Account(Box<Places>),
}

impl Identity {
    /// Returns the owners of an account, as far as a file says that they were given out.
    pub fn of_account(key: AccountKey, next: NextPlaces) -> Self {
        Self::Account(Box::new(Places::new(key, next)))
    }

    /// Returns the owners, for a wallet.
    ///
    /// # Errors
    /// If there is no key at a place, which has a chance below 2^-127.
    pub fn owners(&self) -> Result<Owners, Box<dyn Error>> {
        Ok(match self {
            Self::Single(owner) => Owners::new(*owner),
            Self::Account(places) => places.owners()?,
        })
    }

    /// Returns the places of an account; `None` for a single key.
    pub const fn places(&self) -> Option<&Places> {
        match self {
            Self::Single(_) => None,
            Self::Account(places) => Some(places),
        }
    }

    /// Returns the places of an account, to change them.
    pub const fn places_mut(&mut self) -> Option<&mut Places> {
        match self {
            Self::Single(_) => None,
            Self::Account(places) => Some(places),
        }
    }

    /// Returns where an owner's key is, in an account.
    pub fn place_of(&self, owner: &PublicKey) -> Option<Place> {
        self.places()?.place_of(owner)
    }

    /// Notes owners that were paid, and returns whether there are more owners now.
    pub fn mark_used(&mut self, owners: impl IntoIterator<Item = PublicKey>) -> bool {
        self.places_mut().is_some_and(|places| places.mark_used(owners))
    }
}

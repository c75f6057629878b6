//! An account that can sign.

use std::fmt;

use bip32::XPrv;
use toycoin_core::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::{
    account_key::AccountKey,
    derivation::{COIN_TYPE, DerivationError, PURPOSE, each_branch, hardened, of_branch, plain},
    place::Place,
    seed::Seed,
};

/// The secret keys of an account, `m/86'/1'/account'`. They are erased from memory when dropped, and never shown.
pub struct SpendingAccount {
    branches: [XPrv; 2],
    key: AccountKey,
}

impl SpendingAccount {
    /// Derives an account from the seed of a wallet.
    ///
    /// # Errors
    /// When the number is above [`MAX_INDEX`](crate::limits::MAX_INDEX), or there is no key along the path, which has a
    /// chance below 2^-125.
    pub fn derive(seed: &Seed, account: u32) -> Result<Self, DerivationError> {
        let mut secret = XPrv::new(seed.as_bytes()).map_err(|_| DerivationError::NoKey)?;
        for number in [PURPOSE, COIN_TYPE, account] {
            secret = secret.derive_child(hardened(number)?).map_err(|_| DerivationError::NoKey)?;
        }
        let branches = each_branch(|step| secret.derive_child(step))?;
        Ok(Self { branches, key: AccountKey::from_xpub(secret.public_key())? })
    }

    /// Returns the public key of the account.
    pub const fn key(&self) -> &AccountKey {
        &self.key
    }

    /// Returns the owner at a place.
    ///
    /// # Errors
    /// As [`secret_key`](Self::secret_key).
    pub fn owner(&self, place: Place) -> Result<PublicKey, DerivationError> {
        self.key.owner(place)
    }

    /// Returns the secret key at a place, which signs for its owner.
    ///
    /// The child's point may have an odd y coordinate. An owner is the x coordinate alone, and BIP-340 signs for the
    /// point with even y, so nothing has to be changed here.
    ///
    /// # Errors
    /// When there is no key at the place, which has a chance below 2^-127.
    pub fn secret_key(&self, place: Place) -> Result<SecretKey, DerivationError> {
        let branch = of_branch(&self.branches, place.branch());
        let child = branch.derive_child(plain(place.index())?).map_err(|_| DerivationError::NoKey)?;
        let bytes = Zeroizing::new(child.to_bytes());
        SecretKey::from_bytes(&bytes).map_err(|_| DerivationError::NoKey)
    }
}

impl fmt::Debug for SpendingAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpendingAccount({}, secrets not shown)", self.key.account())
    }
}

//! Paths and what can go wrong along them (BIP-32, BIP-86).

use bip32::ChildNumber;
use thiserror::Error;

use crate::{limits::MAX_INDEX, place::Branch};

/// The purpose in a path: keys of BIP-86, one key for each output.
pub const PURPOSE: u32 = 86;

/// The coin type in a path: 1, which SLIP-44 gives to all coins without value.
pub const COIN_TYPE: u32 = 1;

/// Depth of an account's key: `m/86'/1'/account'` has three steps.
pub(crate) const ACCOUNT_DEPTH: u8 = 3;

/// The reason why there is no key at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DerivationError {
    /// Accounts have numbers from 0 to [`MAX_INDEX`].
    #[error("account {0} is out of range: accounts have numbers from 0 to {MAX_INDEX}")]
    Account(u32),
    /// The path leads to a number that is no key. The chance is below 2^-127; BIP-32 then skips the place.
    #[error("there is no key at this place, which happens with a chance below 2^-127; use the next one")]
    NoKey,
}

/// Returns the step to a hardened child: derived from the secret alone.
pub(crate) fn hardened(number: u32) -> Result<ChildNumber, DerivationError> {
    ChildNumber::new(number, true).map_err(|_| DerivationError::Account(number))
}

/// Returns the step to a child that is derived from the public key, too. `index` is below 2^31.
pub(crate) fn plain(index: u32) -> Result<ChildNumber, DerivationError> {
    ChildNumber::new(index, false).map_err(|_| DerivationError::NoKey)
}

/// Calls a function for each branch, in the order of their numbers.
pub(crate) fn each_branch<T>(
    derive: impl Fn(ChildNumber) -> Result<T, bip32::Error>,
) -> Result<[T; 2], DerivationError> {
    let one = |branch: Branch| derive(plain(branch.number())?).map_err(|_| DerivationError::NoKey);
    let [receive, change] = Branch::ALL;
    Ok([one(receive)?, one(change)?])
}

/// Returns the item of a branch.
pub(crate) fn of_branch<T>([receive, change]: &[T; 2], branch: Branch) -> &T {
    match branch {
        Branch::Receive => receive,
        Branch::Change => change,
    }
}

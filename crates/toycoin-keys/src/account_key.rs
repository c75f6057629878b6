//! An account's public key: what finds all payments of a wallet, and spends none.

use std::{fmt, str::FromStr};

use bip32::{ExtendedKey, ExtendedKeyAttrs, Prefix, XPub};
use thiserror::Error;
use toycoin_core::PublicKey;

use crate::{
    derivation::{ACCOUNT_DEPTH, DerivationError, each_branch, of_branch, plain},
    place::Place,
};

/// The extended public key at `m/86'/1'/account'`, written as `xpub...`.
///
/// Whoever has it can derive all owners of the account, and so sees its payments. They cannot spend. Never give it away
/// together with the secret key of a single place: both together give all secret keys of the account (BIP-32).
#[derive(Clone, PartialEq, Eq)]
pub struct AccountKey {
    key: XPub,
    branches: [XPub; 2],
}

impl AccountKey {
    /// Returns the number of the account.
    pub fn account(&self) -> u32 {
        self.key.attrs().child_number.index()
    }

    /// Returns the owner at a place: the x coordinate of the child's public key.
    ///
    /// # Errors
    /// When there is no key at the place, which has a chance below 2^-127.
    pub fn owner(&self, place: Place) -> Result<PublicKey, DerivationError> {
        let branch = of_branch(&self.branches, place.branch());
        let child = branch.derive_child(plain(place.index())?).map_err(|_| DerivationError::NoKey)?;
        let [_parity, owner @ ..] = child.to_bytes();
        Ok(PublicKey::from_bytes(owner))
    }

    /// Returns the 78 bytes of BIP-32: version, depth, parent's fingerprint, child number, chain code, key.
    pub(crate) fn to_bytes(&self) -> [u8; 78] {
        let attrs = self.key.attrs();
        let parts: [&[u8]; 6] = [
            &Prefix::XPUB.to_bytes(),
            &[attrs.depth],
            &attrs.parent_fingerprint,
            &attrs.child_number.to_bytes(),
            &attrs.chain_code,
            &self.key.to_bytes(),
        ];
        let mut bytes = [0; 78];
        bytes.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Parses the 78 bytes of BIP-32.
    pub(crate) fn from_bytes(bytes: &[u8; 78]) -> Result<Self, AccountKeyError> {
        let mut rest = bytes.as_slice();
        let prefix = Prefix::from_bytes(take(&mut rest)).map_err(|_| AccountKeyError::Malformed)?;
        let [depth] = take(&mut rest);
        let attrs = ExtendedKeyAttrs {
            depth,
            parent_fingerprint: take(&mut rest),
            child_number: bip32::ChildNumber::from_bytes(take(&mut rest)),
            chain_code: take(&mut rest),
        };
        Self::from_extended(ExtendedKey { prefix, attrs, key_bytes: take(&mut rest) })
    }

    pub(crate) fn from_xpub(key: XPub) -> Result<Self, DerivationError> {
        let branches = each_branch(|step| key.derive_child(step))?;
        Ok(Self { key, branches })
    }

    fn from_extended(extended: ExtendedKey) -> Result<Self, AccountKeyError> {
        // the crate would take a private key for its public one
        if extended.prefix.is_private() {
            return Err(AccountKeyError::Private);
        }
        if ![Prefix::XPUB, Prefix::TPUB].contains(&extended.prefix) {
            return Err(AccountKeyError::Prefix);
        }
        let (depth, child) = (extended.attrs.depth, extended.attrs.child_number);
        if depth != ACCOUNT_DEPTH || !child.is_hardened() {
            return Err(AccountKeyError::NotAnAccount { depth });
        }
        let key = XPub::try_from(extended).map_err(|_| AccountKeyError::NoPoint)?;
        Self::from_xpub(key).map_err(|_| AccountKeyError::NoPoint)
    }
}

/// Takes the first `N` bytes. There are that many: the parts of a key add up to 78.
fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (first, rest) = bytes.split_first_chunk().expect("the parts add up to 78 bytes");
    *bytes = rest;
    *first
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.key.to_extended_key(Prefix::XPUB).to_string())
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey(of account {}, not shown)", self.account())
    }
}

impl FromStr for AccountKey {
    type Err = AccountKeyError;

    /// Parses `xpub...`, and `tpub...`, which other wallets write for coins without value.
    fn from_str(text: &str) -> Result<Self, AccountKeyError> {
        // decoding base58 takes time that grows with the square of the length
        if text.len() > ExtendedKey::MAX_BASE58_SIZE {
            return Err(AccountKeyError::Malformed);
        }
        let extended: ExtendedKey = text.parse().map_err(|_| AccountKeyError::Malformed)?;
        Self::from_extended(extended)
    }
}

/// The reason why a text is not an account's public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccountKeyError {
    /// The text has wrong characters, another length, or a checksum that does not match.
    #[error("not an account's public key: a character or the checksum is wrong; copy it whole, from xpub to its end")]
    Malformed,
    /// The text is a private key.
    #[error("this is a private key, which can spend; an account's public key begins with xpub")]
    Private,
    /// The text is an extended key of another kind.
    #[error("an account's public key begins with xpub or tpub; this is an extended key of another kind")]
    Prefix,
    /// The key is not at `m/86'/1'/account'`: its depth is not 3, or its last step is not hardened. The first two steps
    /// cannot be told from a key.
    #[error("this key has depth {depth}; an account's public key is at m/86'/1'/account', with depth 3")]
    NotAnAccount {
        /// Number of steps from the seed to the key.
        depth: u8,
    },
    /// The bytes encode no point on the curve.
    #[error("not an account's public key: it is no point on the curve")]
    NoPoint,
}

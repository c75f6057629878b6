//! A key file in the making.

use zeroize::Zeroizing;

use super::{
    error::{KeyFileError, UnlockError},
    header::Header,
    kdf::KdfCost,
    seal::SealSeed,
    sealed::SealedFile,
    watch::WatchFile,
};
use crate::{
    account_key::AccountKey, extra_word::ExtraWord, next_places::NextPlaces, passphrase::Passphrase,
    spending_account::SpendingAccount, words::Words,
};

/// What a new key file says, before it is sealed or made watch-only.
#[derive(Debug, Clone)]
pub struct NewFile {
    header: Header,
    account: u32,
    cost: KdfCost,
    is_private: bool,
}

impl NewFile {
    /// Begins a file for a network: account 0, scanned from genesis, at the default cost, with the account's public key
    /// in clear.
    ///
    /// # Errors
    /// When the name is not 1 to 32 lower-case letters, digits and hyphens.
    pub fn new(network: &str) -> Result<Self, KeyFileError> {
        let header = Header::new(network.into(), 0, NextPlaces::default())?;
        Ok(Self { header, account: 0, cost: KdfCost::DEFAULT, is_private: false })
    }

    /// Sets the height from which the chain has to be scanned: no payment to the wallet is below it.
    #[must_use]
    pub const fn birthday(mut self, height: u64) -> Self {
        self.header.birthday = height;
        self
    }

    /// Sets the number of the account, at most [`MAX_INDEX`](crate::limits::MAX_INDEX).
    #[must_use]
    pub const fn account(mut self, account: u32) -> Self {
        self.account = account;
        self
    }

    /// Sets what a guess of the passphrase costs.
    #[must_use]
    pub const fn cost(mut self, cost: KdfCost) -> Self {
        self.cost = cost;
        self
    }

    /// Seals the account's public key, too. Then nothing in the file finds payments, and addresses and the balance need
    /// the passphrase.
    #[must_use]
    pub const fn private(mut self, is_private: bool) -> Self {
        self.is_private = is_private;
        self
    }

    /// Sets the hint of the next places.
    #[must_use]
    pub const fn next(mut self, next: NextPlaces) -> Self {
        self.header.next = next.bounded();
        self
    }

    /// Seals words under a passphrase. The extra word is in no file.
    ///
    /// # Errors
    /// When the account's number is out of range, or there is not enough memory.
    pub fn seal(
        self,
        words: &Words,
        extra_word: &ExtraWord,
        passphrase: &Passphrase,
        seed: SealSeed,
    ) -> Result<SealedFile, UnlockError> {
        let Self { header, account, cost, is_private } = self;
        let key = SpendingAccount::derive(&words.seed(extra_word), account)?.key().clone();
        if !is_private {
            return SealedFile::sealing(header, Some(key), words.entropy().as_bytes(), passphrase, cost, seed);
        }
        let entropy = words.entropy();
        let secret = Zeroizing::new([entropy.as_bytes(), &key.to_bytes()].concat());
        SealedFile::sealing(header, None, &secret, passphrase, cost, seed)
    }

    /// Makes a watch-only file of an account's public key. Account, cost and privacy do not matter to it.
    pub fn watch(self, account: AccountKey) -> WatchFile {
        WatchFile { header: self.header, account }
    }
}

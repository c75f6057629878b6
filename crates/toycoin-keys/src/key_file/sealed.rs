//! A sealed file: the entropy of the words under a passphrase.

use std::{
    fmt,
    io::{self, Write},
};

use zeroize::Zeroizing;

use super::{
    error::UnlockError,
    form::{Form, Seal},
    header::Header,
    kdf::{Kdf, KdfCost},
    seal::{SealSeed, open, seal},
    unlocked::Unlocked,
};
use crate::{
    account_key::AccountKey, extra_word::ExtraWord, next_places::NextPlaces, passphrase::Passphrase,
    spending_account::SpendingAccount, words::Words,
};

/// A key file whose words are sealed under a passphrase.
///
/// What it says in clear is authenticated when it is opened, but for the hint of the next places. Until then it is what
/// the file says: whoever can write the file can put another account's key there and redirect payments.
#[derive(Clone)]
pub struct SealedFile {
    header: Header,
    seal: Seal,
    /// `None` if it is sealed, too.
    account: Option<AccountKey>,
}

impl SealedFile {
    pub(super) const fn new(header: Header, seal: Seal, account: Option<AccountKey>) -> Self {
        Self { header, seal, account }
    }

    /// Seals a secret.
    pub(super) fn sealing(
        header: Header,
        account: Option<AccountKey>,
        secret: &[u8],
        passphrase: &Passphrase,
        cost: KdfCost,
        seed: SealSeed,
    ) -> Result<Self, UnlockError> {
        let (kdf, nonce) = (Kdf { cost, salt: seed.salt }, seed.nonce);
        let associated = Form::new(&header, account.as_ref()).with_kdf(&kdf, &nonce).associated();
        let sealed = seal(&*kdf.key(passphrase)?, &nonce, associated.as_bytes(), secret);
        Ok(Self { header, seal: Seal { kdf, nonce, sealed }, account })
    }

    /// Returns the name of the network.
    pub fn network(&self) -> &str {
        &self.header.network
    }

    /// Returns the height from which the chain has to be scanned.
    pub const fn birthday(&self) -> u64 {
        self.header.birthday
    }

    /// Returns the account's public key as the file has it in clear, not authenticated; `None` in a private file.
    pub const fn account_key(&self) -> Option<&AccountKey> {
        self.account.as_ref()
    }

    /// Returns what a guess of the passphrase costs.
    pub const fn cost(&self) -> KdfCost {
        self.seal.kdf.cost
    }

    /// Returns the hint of the next places.
    pub const fn next(&self) -> NextPlaces {
        self.header.next
    }

    /// Replaces the hint; numbers above [`MAX_INDEX`](crate::limits::MAX_INDEX) become it. No passphrase is needed: the
    /// seal does not cover the hint.
    pub fn set_next(&mut self, next: NextPlaces) {
        self.header.next = next.bounded();
    }

    /// Opens the file, and checks that its words and the extra word give the account whose key it has.
    ///
    /// # Errors
    /// When the passphrase or the extra word is wrong, or the file was changed, or there is not enough memory.
    pub fn unlock(&self, passphrase: &Passphrase, extra_word: &ExtraWord) -> Result<Unlocked, UnlockError> {
        let secret = self.open(passphrase)?;
        // a later or a broken program sealed what is not of this form
        let words = |entropy: &[u8]| Words::from_entropy(entropy).map_err(|_| UnlockError::WrongPassphrase);
        let (words, key) = match (&self.account, secret.split_last_chunk::<78>()) {
            (Some(key), _) => (words(&secret)?, key.clone()),
            (None, Some((entropy, key))) => {
                (words(entropy)?, AccountKey::from_bytes(key).map_err(|_| UnlockError::WrongPassphrase)?)
            }
            (None, None) => return Err(UnlockError::WrongPassphrase),
        };
        let account = SpendingAccount::derive(&words.seed(extra_word), key.account())?;
        if *account.key() != key {
            return Err(UnlockError::ExtraWord);
        }
        Ok(Unlocked::new(words, account))
    }

    /// Returns the file under another passphrase, at another cost. The file with the old passphrase stays valid: erase
    /// it.
    ///
    /// # Errors
    /// When the old passphrase is wrong, or the file was changed, or there is not enough memory.
    pub fn change_passphrase(
        &self,
        old: &Passphrase,
        new: &Passphrase,
        cost: KdfCost,
        seed: SealSeed,
    ) -> Result<Self, UnlockError> {
        let secret = self.open(old)?;
        Self::sealing(self.header.clone(), self.account.clone(), &secret, new, cost, seed)
    }

    /// Writes the file: one line of JSON.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write_to(&self, mut writer: impl Write) -> io::Result<()> {
        writeln!(writer, "{}", self.form().with_sealed(&self.seal.sealed).to_json())
    }

    fn open(&self, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, UnlockError> {
        let key = self.seal.kdf.key(passphrase)?;
        let associated = self.form().associated();
        open(&key, &self.seal.nonce, associated.as_bytes(), &self.seal.sealed).ok_or(UnlockError::WrongPassphrase)
    }

    fn form(&self) -> Form {
        Form::new(&self.header, self.account.as_ref()).with_kdf(&self.seal.kdf, &self.seal.nonce)
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kdf = &self.seal.kdf;
        let account = self.account.as_ref();
        f.debug_struct("SealedFile").field("header", &self.header).field("kdf", kdf).field("account", &account).finish()
    }
}

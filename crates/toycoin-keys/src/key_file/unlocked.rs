//! What a passphrase opens.

use crate::{account_key::AccountKey, spending_account::SpendingAccount, words::Words};

/// The words and the account of an opened file. Both are erased from memory when dropped, and never shown.
#[derive(Debug)]
pub struct Unlocked {
    words: Words,
    account: SpendingAccount,
}

impl Unlocked {
    pub(super) const fn new(words: Words, account: SpendingAccount) -> Self {
        Self { words, account }
    }

    /// Returns the words, for a backup.
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// Returns the account, which signs.
    pub const fn account(&self) -> &SpendingAccount {
        &self.account
    }

    /// Returns the account's public key. It is the one of the file, and the words give it.
    pub const fn account_key(&self) -> &AccountKey {
        self.account.key()
    }
}

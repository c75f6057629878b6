//! Keys of a wallet that one would trust: words on paper, keys without number, a file under a passphrase.
//!
//! # The idea
//!
//! A **secret key** signs payments. Its x-only public key is the **owner** that an output names. Who pays a wallet gets
//! a fresh owner each time, so that the payments cannot be told to belong together. But nobody can write down hundreds
//! of keys. So all of them follow from one secret:
//!
//! ```text
//!   entropy      16 or 32 random bytes                               drawn by the caller
//!      | BIP-39
//!   words        abandon ability able ...                            on paper: the backup
//!      | PBKDF2, with an optional extra word in somebody's head
//!   seed         64 bytes
//!      | BIP-32, m/86'/1'/0'
//!   account      account key xpub...                                 finds all payments, spends none
//!      |
//!      +-- 0/0  0/1  0/2 ...    receive: owners for payers           owner = x coordinate of the key at the place
//!      +-- 1/0  1/1  1/2 ...    change: owners for oneself
//! ```
//!
//! - [`Words`] are the backup. Whoever has them, and the [`ExtraWord`] if there is one, has the coins.
//! - A [`Seed`] gives a [`SpendingAccount`]: a secret key for each [`Place`].
//! - An [`AccountKey`] gives the owner for each place, and no secret key. It makes a watch-only wallet.
//! - A restored wallet does not know how many places it used. [`GapScan`] lists those to look at, until 20 in a row are
//!   unused.
//!
//! ```
//! use toycoin_keys::{Branch, ExtraWord, Place, SpendingAccount, Words};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // a program draws them by the random generator of the operating system
//! let words = Words::from_entropy(&[7; 16])?;
//! let account = SpendingAccount::derive(&words.seed(&ExtraWord::none()), 0)?;
//! let first = Place::new(Branch::Receive, 0).expect("a small index");
//! assert_eq!(account.key().owner(first)?, account.secret_key(first)?.public_key());
//! # Ok(())
//! # }
//! ```
//!
//! # Secrets in memory
//!
//! Types with secrets are erased when they are dropped, have no `Clone`, and are not shown by `Debug`. This is the best
//! that can be done here, and not a promise: a compiler may have kept copies in registers and on the stack, and the
//! operating system may have written memory to a swap partition.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod account_key;
mod derivation;
mod extra_word;
mod gap_scan;
pub mod limits;
mod nearest;
mod next_places;
mod place;
mod secret_text;
mod seed;
mod spending_account;
mod words;

pub use self::{
    account_key::{AccountKey, AccountKeyError},
    derivation::{COIN_TYPE, DerivationError, PURPOSE},
    extra_word::ExtraWord,
    gap_scan::GapScan,
    next_places::NextPlaces,
    place::{Branch, Place},
    secret_text::PassphraseError,
    seed::Seed,
    spending_account::SpendingAccount,
    words::{Words, WordsError},
};

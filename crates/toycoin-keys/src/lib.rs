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
//! - A [`KeyFile`] keeps the entropy under a [`Passphrase`]. Argon2id makes each guess cost 64 MiB of memory and about
//!   a second. XChaCha20-Poly1305 seals the entropy, so that a changed file does not open.
//! - [`Labels`] say what payments are called, in the lines of BIP-329.
//! - [`sign_message`] signs a text, and never a payment.
//!
//! docs/wallet-format.md has the paths and the file, to the byte.
//!
//! # A wallet, made, kept and restored
//!
//! ```
//! use toycoin_core::verify;
//! use toycoin_keys::{
//!     Branch, ExtraWord, KdfCost, KeyFile, NewFile, Passphrase, Place, SealSeed, SpendingAccount, Words,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // a program draws both by the random generator of the operating system
//! let (entropy, seed) = ([7; 16], SealSeed::new([8; 40]));
//!
//! let words = Words::from_entropy(&entropy)?;
//! let on_paper = words.iter().collect::<Vec<_>>().join(" ");
//!
//! // under a passphrase; the default cost is better for anything but an example
//! let passphrase = Passphrase::new("correct horse")?;
//! let cheap = KdfCost::new(8, 1, 1)?;
//! let sealed = NewFile::new("lab")?.cost(cheap).seal(&words, &ExtraWord::none(), &passphrase, seed)?;
//! let mut file = Vec::new();
//! sealed.write_to(&mut file)?;
//!
//! // the file says who is to be paid, and the passphrase opens what signs
//! let KeyFile::Sealed(sealed) = KeyFile::read(&file)? else { unreachable!("it was sealed") };
//! let first = Place::new(Branch::Receive, 0).expect("a small index");
//! let owner = sealed.account_key().expect("not a private file").owner(first)?;
//! let unlocked = sealed.unlock(&passphrase, &ExtraWord::none())?;
//! let signature = unlocked.account().secret_key(first)?.sign(&[1; 32]);
//! assert!(verify(&owner, &[1; 32], &signature));
//!
//! // the file is lost, the paper is not
//! let restored = on_paper.parse::<Words>()?.seed(&ExtraWord::none());
//! assert_eq!(SpendingAccount::derive(&restored, 0)?.owner(first)?, owner);
//! # Ok(())
//! # }
//! ```
//!
//! # What the caller brings
//!
//! The crate opens no file, reads no clock and draws no randomness. Entropy and the [`SealSeed`] are bytes that the
//! caller draws. Files are bytes, readers and writers; the caller creates them with mode 0600, under a temporary name,
//! and renames them when they are whole.
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
mod entropy;
mod extra_word;
mod gap_scan;
mod key_file;
mod labels;
pub mod limits;
mod message;
mod nearest;
mod next_places;
mod passphrase;
mod place;
mod secret_text;
mod seed;
mod spending_account;
mod words;

pub use self::{
    account_key::{AccountKey, AccountKeyError},
    derivation::{COIN_TYPE, DerivationError, PURPOSE},
    entropy::Entropy,
    extra_word::ExtraWord,
    gap_scan::GapScan,
    key_file::{
        KdfCost, KdfCostError, KeyFile, KeyFileError, NewFile, SealSeed, SealedFile, UnlockError, Unlocked, WatchFile,
    },
    labels::{Label, Labels, LabelsError},
    message::{message_hash, sign_message, verify_message},
    next_places::NextPlaces,
    passphrase::Passphrase,
    place::{Branch, Place},
    secret_text::PassphraseError,
    seed::Seed,
    spending_account::SpendingAccount,
    words::{Words, WordsError},
};

//! A watch-only file: an account's public key, and nothing that spends.

use std::{
    fmt,
    io::{self, Write},
};

use super::{form::Form, header::Header};
use crate::{account_key::AccountKey, next_places::NextPlaces};

/// A key file that finds payments and cannot spend.
///
/// Nothing in it is authenticated: there is no passphrase. Whoever can write the file can redirect payments.
#[derive(Clone, PartialEq, Eq)]
pub struct WatchFile {
    pub(super) header: Header,
    pub(super) account: AccountKey,
}

impl WatchFile {
    /// Returns the name of the network.
    pub fn network(&self) -> &str {
        &self.header.network
    }

    /// Returns the height from which the chain has to be scanned.
    pub const fn birthday(&self) -> u64 {
        self.header.birthday
    }

    /// Returns the account's public key.
    pub const fn account_key(&self) -> &AccountKey {
        &self.account
    }

    /// Returns the hint of the next places.
    pub const fn next(&self) -> NextPlaces {
        self.header.next
    }

    /// Replaces the hint; numbers above [`MAX_INDEX`](crate::limits::MAX_INDEX) become it.
    pub fn set_next(&mut self, next: NextPlaces) {
        self.header.next = next.bounded();
    }

    /// Writes the file: one line of JSON.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write_to(&self, mut writer: impl Write) -> io::Result<()> {
        writeln!(writer, "{}", Form::new(&self.header, Some(&self.account)).to_json())
    }
}

impl fmt::Debug for WatchFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchFile").field("header", &self.header).field("account", &self.account).finish()
    }
}

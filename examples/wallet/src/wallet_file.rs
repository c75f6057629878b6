//! The file of a wallet, and those beside it.

use std::{
    error::Error,
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use toycoin_core::ChainParams;
use toycoin_examples::{folder_lock::FolderLock, tell, whole_file::WholeFile};
use toycoin_keys::{KeyFile, NextPlaces, SealedFile};

/// Name of a wallet's file unless another is named.
pub const DEFAULT: &str = "wallet.json";
/// Name of the file that earlier versions wrote.
const OLD: &str = "toycoin.key";

/// A wallet's file: what it holds, and where it is.
#[derive(Debug)]
pub struct WalletFile {
    path: PathBuf,
    keys: KeyFile,
}

impl WalletFile {
    /// Returns where the wallet is: the file that was named, or `wallet.json`. If that is missing and an old
    /// `toycoin.key` is there, it is this.
    pub fn place(named: Option<&Path>) -> PathBuf {
        match named {
            Some(named) => named.to_owned(),
            None if !Path::new(DEFAULT).exists() && Path::new(OLD).exists() => OLD.into(),
            None => DEFAULT.into(),
        }
    }

    /// Returns where a new wallet goes: the file that was named, or `wallet.json`.
    pub fn place_of_new(named: Option<&Path>) -> PathBuf {
        named.unwrap_or(Path::new(DEFAULT)).to_owned()
    }

    /// Reads a file, which needs no passphrase.
    ///
    /// # Errors
    /// If there is none, it is no key file, or it is for another network.
    pub fn open(path: &Path, params: &ChainParams) -> Result<Self, Box<dyn Error>> {
        let shown = path.display();
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                format!("no wallet at {shown}; `wallet new` makes one, `wallet restore` one from words")
            }
            _ => format!("cannot read {shown}: {error}"),
        })?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(format!("{shown} is a directory, and no wallet; --wallet names a file").into());
        }
        warn_of_readers(path, &file);
        let keys = KeyFile::read_from(file).map_err(|error| format!("{shown}: {error}"))?;
        keys.require_network(&params.spec().name).map_err(|error| format!("{shown}: {error}"))?;
        if matches!(keys, KeyFile::Single(_)) {
            tell!("note: {shown} holds one key without a passphrase; `wallet import {shown}` moves it to a wallet");
        }
        // a link leads to the file that is replaced
        Ok(Self { path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), keys })
    }

    /// Writes a new file, which appears whole and durable, or not at all. Nobody but its owner can read it.
    ///
    /// # Errors
    /// If there is a file already, or it cannot be written.
    pub fn create(path: &Path, write: impl Fn(&File) -> io::Result<()>) -> Result<(), Box<dyn Error>> {
        let shown = path.display();
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{shown} is there already; --wallet names another file"),
            _ => format!("cannot write {shown}: {error}"),
        };
        let new = WholeFile::private(path).map_err(failed)?;
        Ok(write(new.file()).and_then(|()| new.appear()).map_err(failed)?)
    }

    /// Refuses early what [`create`](Self::create) would refuse, before anybody is asked for words or a passphrase.
    ///
    /// # Errors
    /// If there is a file already.
    pub fn require_none(path: &Path) -> Result<(), Box<dyn Error>> {
        match path.symlink_metadata() {
            Ok(_) => Err(format!("{} is there already; --wallet names another file", path.display()).into()),
            Err(_) => Ok(()),
        }
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what it holds.
    pub const fn keys(&self) -> &KeyFile {
        &self.keys
    }

    /// Returns the sealed file, if it is one.
    pub const fn sealed(&self) -> Option<&SealedFile> {
        match &self.keys {
            KeyFile::Sealed(sealed) => Some(sealed),
            _ => None,
        }
    }

    /// Returns the height from which payments are looked for.
    pub const fn birthday(&self) -> u64 {
        match &self.keys {
            KeyFile::Sealed(file) => file.birthday(),
            KeyFile::Watch(file) => file.birthday(),
            KeyFile::Single(_) => 0,
        }
    }

    /// Returns which places come next, as the file says; `None` for a single key.
    pub const fn next(&self) -> Option<NextPlaces> {
        match &self.keys {
            KeyFile::Sealed(file) => Some(file.next()),
            KeyFile::Watch(file) => Some(file.next()),
            KeyFile::Single(_) => None,
        }
    }

    /// Notes which places come next, in the file, too. What another command has written there meanwhile stays: another
    /// passphrase, and places that it gave out.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn set_next(&mut self, next: NextPlaces) -> Result<(), Box<dyn Error>> {
        if self.next().is_none_or(|now| now == next) {
            return Ok(());
        }
        self.advance(|_| next)
    }

    /// Changes which places come next, starting from what the file says now: another command may have given some out. No
    /// other command changes the file meanwhile. A place that was given out stays so.
    ///
    /// # Errors
    /// As [`set_next`](Self::set_next).
    pub fn advance(&mut self, next_after: impl FnOnce(NextPlaces) -> NextPlaces) -> Result<(), Box<dyn Error>> {
        let _lock = self.lock()?;
        let now = self.next().unwrap_or_default();
        let next = later(now, next_after(now));
        if next == now {
            return Ok(());
        }
        match &mut self.keys {
            KeyFile::Sealed(file) => file.set_next(next),
            KeyFile::Watch(file) => file.set_next(next),
            KeyFile::Single(_) => {}
        }
        self.write()
    }

    /// Replaces what is sealed, in the file, too. Places that another command gave out meanwhile stay given out.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn set_sealed(&mut self, mut sealed: SealedFile) -> Result<(), Box<dyn Error>> {
        let _lock = self.lock()?;
        sealed.set_next(later(self.next().unwrap_or_default(), sealed.next()));
        self.keys = KeyFile::Sealed(sealed);
        self.write()
    }

    /// Keeps other commands from changing the file, and reads it again.
    fn lock(&mut self) -> Result<FolderLock, Box<dyn Error>> {
        let shown = self.path.display();
        let failed = |error: io::Error| format!("cannot read {shown}: {error}");
        let lock = FolderLock::beside(&self.path).map_err(failed)?;
        let file = File::open(&self.path).map_err(failed)?;
        self.keys = KeyFile::read_from(file).map_err(|error| format!("{shown}: {error}"))?;
        Ok(lock)
    }

    /// Returns the place of a file beside this one: `wallet.json.light`.
    pub fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".");
        name.push(ending);
        name.into()
    }

    /// Returns the place of the labels: `labels.jsonl` beside `wallet.json`, and `NAME.labels.jsonl` beside a wallet of
    /// another name, so that two wallets in one directory do not share theirs.
    pub fn labels(&self) -> PathBuf {
        match self.path.file_name() {
            Some(name) if name == DEFAULT => self.path.with_file_name("labels.jsonl"),
            _ => self.beside("labels.jsonl"),
        }
    }

    fn write(&self) -> Result<(), Box<dyn Error>> {
        let write = || {
            let new = WholeFile::private(&self.path)?;
            match &self.keys {
                KeyFile::Sealed(file) => file.write_to(new.file())?,
                KeyFile::Watch(file) => file.write_to(new.file())?,
                // it is never changed
                KeyFile::Single(_) => return Ok(()),
            }
            new.replace()
        };
        write().map_err(|error: io::Error| format!("cannot write {}: {error}", self.path.display()).into())
    }
}

/// Returns on each branch the place that comes later.
fn later(one: NextPlaces, other: NextPlaces) -> NextPlaces {
    NextPlaces { receive: one.receive.max(other.receive), change: one.change.max(other.change) }
}

/// Says so when others can read the file.
#[cfg(unix)]
fn warn_of_readers(path: &Path, file: &File) {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tell!("warning: others can read {0}; `chmod 600 {0}` ends that", path.display());
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &File) {}

#[cfg(test)]
mod tests {
    use toycoin_keys::{ExtraWord, KdfCost, NewFile, Passphrase, SealSeed, Words};

    use super::*;

    #[test]
    fn what_another_command_wrote_meanwhile_stays() {
        let folder = std::env::temp_dir().join(format!("toycoin-wallet-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(DEFAULT);
        let (params, cost) = (ChainParams::lab(), KdfCost::new(8, 1, 1).unwrap());
        let [old, new] = ["one", "two"].map(|text| Passphrase::new(text).unwrap());
        let words = Words::from_entropy(&[7; 16]).unwrap();
        let file = NewFile::new("lab").unwrap().cost(cost).next(NextPlaces { receive: 1, change: 0 });
        let sealed = file.seal(&words, &ExtraWord::none(), &old, SealSeed::new([1; 40])).unwrap();
        WalletFile::create(&path, |file| sealed.write_to(file)).unwrap();

        let mut slow = WalletFile::open(&path, &params).unwrap();
        let mut quick = WalletFile::open(&path, &params).unwrap();
        quick.set_next(NextPlaces { receive: 4, change: 1 }).unwrap();
        let changed = slow.sealed().unwrap().change_passphrase(&old, &new, cost, SealSeed::new([2; 40])).unwrap();
        slow.set_sealed(changed).unwrap();
        quick.set_next(NextPlaces { receive: 2, change: 3 }).unwrap();
        // each command gives out a place of its own
        for file in [&mut slow, &mut quick] {
            file.advance(|now| NextPlaces { receive: now.receive + 1, ..now }).unwrap();
        }

        let last = WalletFile::open(&path, &params).unwrap();
        assert_eq!(last.next(), Some(NextPlaces { receive: 6, change: 3 }));
        assert!(last.sealed().unwrap().unlock(&new, &ExtraWord::none()).is_ok());
        fs::remove_dir_all(folder).unwrap();
    }
}

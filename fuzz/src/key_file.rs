//! Key files of wallets.

use toycoin_core::hex::Hex;
use toycoin_keys::{Branch, ExtraWord, KeyFile, Passphrase, Place, UnlockError};

/// Throws a file at the reader of key files: what is read is written again, and read with the same meaning. Files that ask
/// for little memory are opened with the passphrase of the seeds, which gives the account in clear or an error.
pub fn key_file(data: &[u8]) {
    let Ok(file) = KeyFile::read(data) else { return };
    let written = written(&file);
    let again = KeyFile::read(&written).expect("what was written is read");
    assert_eq!(self::written(&again), written);
    assert_eq!(format!("{again:?}"), format!("{file:?}"));
    match &file {
        KeyFile::Sealed(file) if file.cost().m_kib() * file.cost().t() <= MAX_WORK => {
            let passphrase = Passphrase::new("p").expect("a short text");
            match file.unlock(&passphrase, &ExtraWord::none()) {
                Ok(unlocked) => {
                    assert!(file.account_key().is_none_or(|key| key == unlocked.account_key()));
                    let place = Place::new(Branch::Change, file.next().change).expect("within its bound");
                    let key = unlocked.account().secret_key(place).expect("a key at the place");
                    assert_eq!(unlocked.account_key().owner(place), Ok(key.public_key()));
                }
                Err(error) => assert!(matches!(error, UnlockError::WrongPassphrase | UnlockError::ExtraWord)),
            }
        }
        KeyFile::Watch(file) => {
            let place = Place::new(Branch::Receive, file.next().receive).expect("within its bound");
            file.account_key().owner(place).expect("a key at the place");
        }
        _ => {}
    }
}

/// Returns the bytes of a file.
fn written(file: &KeyFile) -> Vec<u8> {
    let mut written = Vec::new();
    match file {
        KeyFile::Sealed(file) => file.write_to(&mut written).expect("a vector takes all"),
        KeyFile::Watch(file) => file.write_to(&mut written).expect("a vector takes all"),
        KeyFile::Single(key) => written = Hex(&key.to_bytes()).to_string().into_bytes(),
    }
    written
}

/// Most KiB times passes of a file that is opened: a millisecond.
const MAX_WORK: u32 = 512;

//! Files to test with.

use toycoin_core::hex::Hex;

use crate::{
    ExtraWord, NextPlaces, Passphrase, Words,
    key_file::{KdfCost, KeyFile, NewFile, SealSeed, SealedFile, UnlockError},
};

/// The least cost that there is, so that thousands of files can be opened.
const CHEAP: (u32, u32, u32) = (8, 1, 1);

pub(super) fn cheap() -> KdfCost {
    let (m_kib, t, p) = CHEAP;
    KdfCost::new(m_kib, t, p).unwrap()
}

pub(super) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

pub(super) fn words() -> Words {
    Words::from_entropy(&[0xab; 16]).unwrap()
}

pub(super) fn new_file() -> NewFile {
    NewFile::new("lab").unwrap().cost(cheap()).birthday(17).next(NextPlaces { receive: 3, change: 1 })
}

pub(super) fn seal(file: NewFile) -> SealedFile {
    file.seal(&words(), &ExtraWord::none(), &passphrase("open"), SealSeed::new([5; 40])).unwrap()
}

pub(super) fn text(file: &SealedFile) -> String {
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(super) fn read(text: &str) -> SealedFile {
    match KeyFile::read(text.as_bytes()) {
        Ok(KeyFile::Sealed(file)) => file,
        other => panic!("{other:?}"),
    }
}

pub(super) fn refusal(text: &str) -> String {
    KeyFile::read(text.as_bytes()).unwrap_err().to_string()
}

/// What somebody learns who opens a file, all of it.
pub(super) fn contents(file: &SealedFile) -> Result<String, UnlockError> {
    let unlocked = file.unlock(&passphrase("open"), &ExtraWord::none())?;
    let entropy = Hex(unlocked.words().entropy().as_bytes()).to_string();
    let clear = file.account_key().map(ToString::to_string);
    Ok(format!("{} {} {entropy} {clear:?} {}", file.network(), file.birthday(), unlocked.account_key()))
}

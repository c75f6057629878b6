//! Files that somebody or something changed.

use proptest::prelude::*;

use super::samples::{cheap, contents, new_file, passphrase, read, seal, text, words};
use crate::{
    ExtraWord, SpendingAccount, Words,
    key_file::{KeyFile, SealSeed, UnlockError},
};

#[test]
fn a_wrong_passphrase_and_a_change_are_one_error() {
    let file = seal(new_file());
    let error = file.unlock(&passphrase("Open"), &ExtraWord::none()).unwrap_err();
    assert_eq!(error, UnlockError::WrongPassphrase);
    assert_eq!(error.to_string(), "wrong passphrase, or the file was changed");
    let changed = read(&text(&file).replace("\"birthday\":17", "\"birthday\":18"));
    assert_eq!(contents(&changed), Err(UnlockError::WrongPassphrase));
}

#[test]
fn another_account_key_does_not_open() {
    let other = Words::from_entropy(&[1; 16]).unwrap().seed(&ExtraWord::none());
    let other = SpendingAccount::derive(&other, 0).unwrap().key().to_string();
    let file = seal(new_file());
    let own = file.account_key().unwrap().to_string();
    let changed = read(&text(&file).replace(&own, &other));
    // it is believed until the file is opened: docs/wallet-format.md says so
    assert_eq!(changed.account_key().unwrap().to_string(), other);
    assert_eq!(contents(&changed), Err(UnlockError::WrongPassphrase));
}

#[test]
fn a_missing_extra_word_is_noticed() {
    let extra = ExtraWord::new("Garten\u{fc}ber").unwrap();
    for is_private in [false, true] {
        let file = new_file().private(is_private);
        let file = file.seal(&words(), &extra, &passphrase("open"), SealSeed::new([5; 40])).unwrap();
        assert!(file.unlock(&passphrase("open"), &extra).is_ok());
        assert_eq!(contents(&file), Err(UnlockError::ExtraWord));
    }
}

/// Flips each bit of a file. Returns the bytes of which a flip left a file that opens.
fn harmless_flips(text: &str, expected: &str) -> Vec<usize> {
    let mut harmless = Vec::new();
    for place in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            let Ok(KeyFile::Sealed(file)) = KeyFile::read(&bytes) else { continue };
            match contents(&file) {
                Ok(found) => {
                    assert_eq!(found, expected, "byte {place}, bit {bit}");
                    harmless.push(place);
                }
                Err(error) => assert_eq!(error, UnlockError::WrongPassphrase, "byte {place}, bit {bit}"),
            }
        }
    }
    harmless.dedup();
    harmless
}

#[test]
fn a_flipped_bit_changes_the_hint_or_nothing_opens() {
    for is_private in [false, true] {
        let file = seal(new_file().private(is_private));
        let text = text(&file);
        let harmless = harmless_flips(&text, &contents(&file).unwrap());
        // the two digits of "next":{"receive":3,"change":1}
        let digits = [text.find(":3,").unwrap() + 1, text.find(":1}}").unwrap() + 1];
        assert_eq!(harmless, digits);
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_file_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = KeyFile::read(&bytes);
        let _ = KeyFile::read(&[b"{\"toycoin_wallet\":1,", &bytes[..]].concat());
    }

    #[test]
    fn changed_files_give_a_file_or_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[0-9a-f\"{}:,a-z]"), 1..4),
    ) {
        let mut bytes = text(&seal(new_file())).into_bytes();
        for (place, with) in &changes {
            let place = place.index(bytes.len());
            bytes[place] = with.as_bytes()[0];
        }
        if let Ok(KeyFile::Sealed(file)) = KeyFile::read(&bytes)
            && file.cost() == cheap()
        {
            prop_assert!(contents(&file).is_ok_and(|found| Ok(found) == contents(&seal(new_file())))
                || contents(&file) == Err(UnlockError::WrongPassphrase));
        }
    }
}

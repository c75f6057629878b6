//! Files come back as they were written.

use toycoin_core::{SecretKey, hex::Hex};

use super::samples::{cheap, contents, new_file, passphrase, read, seal, text, words};
use crate::{
    AccountKey, ExtraWord, NextPlaces, SpendingAccount, Words,
    key_file::{KdfCost, KeyFile, KeyFileError, SealSeed, UnlockError},
    limits::MAX_INDEX,
};

#[test]
fn fields_stand_in_their_order() {
    let text = text(&seal(new_file()));
    let fields = [
        r#"{"toycoin_wallet":1,"network":"lab","birthday":17,"kdf":{"name":"argon2id","m_kib":8,"t":1,"p":1,"#,
        r#""salt":"05050505050505050505050505050505"},"cipher":"xchacha20poly1305","#,
        r#""nonce":"050505050505050505050505050505050505050505050505"#,
        "\",\"sealed\":\"",
        "\",\"account_xpub\":\"xpub6",
        "\",\"next\":{\"receive\":3,\"change\":1}}\n",
    ];
    let mut rest = text.as_str();
    for field in fields {
        let at = rest.find(field).unwrap_or_else(|| panic!("{field} is not in {rest}"));
        rest = &rest[at + field.len()..];
    }
    assert_eq!(rest, "");
    assert!(text.starts_with(fields[0]));
}

#[test]
fn every_kind_of_file_comes_back() {
    for is_private in [false, true] {
        for entropy in [&[1; 16][..], &[2; 32]] {
            let (words, extra) = (Words::from_entropy(entropy).unwrap(), ExtraWord::new("extra").unwrap());
            let file = new_file().private(is_private).account(7);
            let sealed = file.seal(&words, &extra, &passphrase("open"), SealSeed::new([9; 40])).unwrap();
            let back = read(&text(&sealed));
            assert_eq!(text(&back), text(&sealed));
            assert_eq!(back.account_key().is_none(), is_private);
            assert_eq!((back.network(), back.birthday(), back.cost()), ("lab", 17, cheap()));
            let unlocked = back.unlock(&passphrase("open"), &extra).unwrap();
            assert_eq!(unlocked.words().entropy().as_bytes(), entropy);
            let expected = SpendingAccount::derive(&words.seed(&extra), 7).unwrap();
            assert_eq!(unlocked.account_key(), expected.key());
        }
    }
    let watch = new_file().watch(read(&text(&seal(new_file()))).account_key().unwrap().clone());
    let mut bytes = Vec::new();
    watch.write_to(&mut bytes).unwrap();
    let KeyFile::Watch(back) = KeyFile::read_from(bytes.as_slice()).unwrap() else { panic!("watch-only") };
    assert_eq!(back, watch);
    assert!(bytes.starts_with(b"{\"toycoin_wallet\":1,\"network\":\"lab\",\"birthday\":17,\"account_xpub\":\"xpub6"));
}

#[test]
fn an_old_file_is_a_single_key() {
    let key = SecretKey::classroom(1);
    for text in [format!("{}\n", Hex(&key.to_bytes())), format!(" \n{} ", Hex(&key.to_bytes())).to_uppercase()] {
        let file = KeyFile::read(text.as_bytes()).unwrap();
        assert!(file.require_network("any").is_ok());
        let KeyFile::Single(back) = file else { panic!("a single key") };
        assert_eq!(back.to_bytes(), key.to_bytes());
    }
    for text in [String::new(), "00".repeat(32), "ff".repeat(32), "ab".repeat(33), "a".repeat(63), "words".into()] {
        assert!(matches!(KeyFile::read(text.as_bytes()), Err(KeyFileError::NoKey)), "{text}");
    }
}

#[test]
fn a_new_passphrase_opens_the_same_wallet() {
    for is_private in [false, true] {
        let file = seal(new_file().private(is_private));
        let cost = KdfCost::new(16, 2, 1).unwrap();
        let (old, new) = (passphrase("open"), passphrase("sesame"));
        assert_eq!(
            file.change_passphrase(&new, &old, cost, SealSeed::new([6; 40])).unwrap_err(),
            UnlockError::WrongPassphrase,
        );
        let changed = read(&text(&file.change_passphrase(&old, &new, cost, SealSeed::new([6; 40])).unwrap()));
        assert_eq!((changed.cost(), changed.next()), (cost, file.next()));
        assert_eq!(contents(&changed), Err(UnlockError::WrongPassphrase));
        let unlocked = changed.unlock(&new, &ExtraWord::none()).unwrap();
        assert_eq!(unlocked.words().entropy().as_bytes(), words().entropy().as_bytes());
    }
}

#[test]
fn the_hint_changes_without_a_passphrase() {
    let mut file = seal(new_file());
    let before = contents(&file);
    file.set_next(NextPlaces { receive: 9, change: u32::MAX });
    let back = read(&text(&file));
    assert_eq!(back.next(), NextPlaces { receive: 9, change: MAX_INDEX });
    assert_eq!(contents(&back), before);
}

#[test]
fn order_and_blanks_in_a_file_do_not_matter() {
    let file = seal(new_file());
    let value: serde_json::Value = serde_json::from_str(&text(&file)).unwrap();
    let other = serde_json::to_string_pretty(&value).unwrap();
    assert_ne!(other.find("account_xpub"), text(&file).find("account_xpub"));
    assert_eq!(contents(&read(&other)), contents(&file));
}

#[test]
fn another_network_is_refused_before_opening() {
    let file = KeyFile::Sealed(seal(new_file()));
    assert!(file.require_network("lab").is_ok());
    let error = file.require_network("regtest").unwrap_err();
    assert_eq!(
        error.to_string(),
        "this wallet is for the network lab, not for regtest; name another file or another network",
    );
}

#[test]
fn an_account_key_is_read_as_it_is_written() {
    let file = seal(new_file());
    let key = file.account_key().unwrap();
    assert_eq!(key.to_string().parse().as_ref(), Ok(key));
    assert_eq!(AccountKey::from_bytes(&key.to_bytes()).as_ref(), Ok(key));
}

//! What is refused before anything is allocated or opened.

use super::samples::{new_file, refusal, seal, text};
use crate::{
    key_file::{KeyFile, KeyFileError},
    limits::MAX_KEY_FILE,
};

#[test]
fn what_would_cost_too_much_is_refused_unopened() {
    let text = text(&seal(new_file()));
    for (from, to, expected) in [
        ("\"m_kib\":8", "\"m_kib\":1048577", "m_kib is 1048577, and has to be from 8 for each lane to 1048576"),
        ("\"m_kib\":8", "\"m_kib\":4294967295", "m_kib is 4294967295, and has to be from 8 for each lane to 1048576"),
        ("\"m_kib\":8", "\"m_kib\":7", "m_kib is 7, and has to be from 8 for each lane to 1048576"),
        ("\"t\":1", "\"t\":17", "t is 17, and has to be from 1 to 16"),
        ("\"t\":1", "\"t\":0", "t is 0, and has to be from 1 to 16"),
        ("\"p\":1", "\"p\":17", "p is 17, and has to be from 1 to 16"),
        ("\"p\":1", "\"p\":0", "p is 0, and has to be from 1 to 16"),
        ("\"p\":1", "\"p\":2", "m_kib is 8, and has to be from 8 for each lane to 1048576"),
    ] {
        let error = refusal(&text.replacen(from, to, 1));
        assert_eq!(error, format!("the key derivation of this key file is refused: {expected}"));
    }
    for to in ["\"m_kib\":4294967296", "\"m_kib\":-1", "\"m_kib\":8.0", "\"m_kib\":1e1", "\"m_kib\":\"8\""] {
        let error = refusal(&text.replacen("\"m_kib\":8", to, 1));
        assert!(error.starts_with("not a key file: something is wrong at line 1, column "), "{error}");
    }
}

#[test]
fn wrong_fields_are_told_by_their_names() {
    let text = text(&seal(new_file()));
    let sealed = "not a key file: sealed is to be 64, 96, 220 or 252 hex digits in lower case";
    let salted = "not a key file: kdf.salt is to be 32 hex digits in lower case";
    let nonce = "not a key file: nonce is to be 48 hex digits in lower case";
    let name = "a network's name has 1 to 32 lower-case letters, digits and hyphens";
    let version =
        |found| format!("this key file has version {found}, this program reads version 1; use a newer program");
    let salt = "05050505050505050505050505050505\"}";
    for (from, to, expected) in [
        ("argon2id", "argon2i", "not a key file: kdf.name is to be argon2id"),
        ("\"xchacha20poly1305", "\"chacha20poly1305", "not a key file: cipher is to be xchacha20poly1305"),
        (salt, &salt[2..], salted),
        (salt, "0505050505050505050505050505050G\"}", salted),
        (salt, "0505050505050505050505050505050A\"}", salted),
        ("\"nonce\":\"05", "\"nonce\":\"", nonce),
        ("\"nonce\":\"05", "\"nonce\":\"0505", nonce),
        ("\"sealed\":\"", "\"sealed\":\"00", sealed),
        ("\"sealed\":\"", "\"sealed\":\"0", sealed),
        ("\"toycoin_wallet\":1", "\"toycoin_wallet\":2", &version(2)),
        ("\"toycoin_wallet\":1", "\"later\":[],\"toycoin_wallet\":3", &version(3)),
        ("\"receive\":3", "\"receive\":2147483648", "not a key file: next has a number above 2147483647"),
        ("\"lab\"", "\"La b\"", name),
        ("\"lab\"", "\"\"", name),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(refusal(&text.replacen(from, to, 1)), expected);
    }
    for (from, to) in
        [("{\"toy", "{\"more\":1,\"toy"), ("{\"toy", "{\"birthday\":17,\"toy"), ("}}\n", "}} x"), ("}}\n", "}")]
    {
        assert!(refusal(&text.replacen(from, to, 1)).starts_with("not a key file: something is wrong at line 1"));
    }
}

#[test]
fn parts_stand_together() {
    let value = |is_private: bool| -> serde_json::Value {
        serde_json::from_str(&text(&seal(new_file().private(is_private)))).unwrap()
    };
    for is_private in [false, true] {
        for field in ["kdf", "cipher", "nonce", "sealed"] {
            let mut without = value(is_private);
            without.as_object_mut().unwrap().remove(field).unwrap();
            assert!(matches!(KeyFile::read(without.to_string().as_bytes()), Err(KeyFileError::Parts)), "{field}");
        }
    }
    let (mut clear, mut private) = (value(false), value(true));
    let key = clear.as_object_mut().unwrap().remove("account_xpub").unwrap();
    private["account_xpub"] = key;
    for wrong in [clear, private] {
        assert!(matches!(KeyFile::read(wrong.to_string().as_bytes()), Err(KeyFileError::Parts)));
    }
    let empty = "{\"toycoin_wallet\":1,\"network\":\"lab\",\"birthday\":0}";
    assert!(matches!(KeyFile::read(empty.as_bytes()), Err(KeyFileError::Parts)));
}

#[test]
fn long_files_and_readers_without_end_are_refused() {
    let text = text(&seal(new_file()));
    let padded = format!("{text}{}", " ".repeat(MAX_KEY_FILE - text.len()));
    assert!(KeyFile::read(padded.as_bytes()).is_ok());
    assert!(matches!(KeyFile::read(format!("{padded} ").as_bytes()), Err(KeyFileError::TooLong)));
    assert!(matches!(KeyFile::read_from(std::io::repeat(b' ')), Err(KeyFileError::TooLong)));
}

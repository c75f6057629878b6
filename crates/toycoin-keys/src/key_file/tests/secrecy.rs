//! What is shown by `Debug` and by errors.

use toycoin_core::hex::Hex;

use super::samples::{new_file, passphrase, refusal, text, words};
use crate::{
    Branch, ExtraWord, Place,
    key_file::{KeyFile, SealSeed},
};

#[test]
fn nothing_secret_is_shown() {
    let (extra, open) = (ExtraWord::new("tulip").unwrap(), passphrase("daffodil"));
    let words = words();
    let file = new_file().seal(&words, &extra, &open, SealSeed::new([5; 40])).unwrap();
    let unlocked = file.unlock(&open, &extra).unwrap();
    let place = Place::new(Branch::Receive, 0).unwrap();
    let key = unlocked.account().secret_key(place).unwrap();
    let seed = words.seed(&extra);
    let errors = [
        format!("{:?}", file.unlock(&passphrase("rose"), &extra).unwrap_err()),
        format!("{:?}", file.unlock(&open, &ExtraWord::none()).unwrap_err()),
        format!("{:?}", KeyFile::read(&Hex(&key.to_bytes()).to_string().as_bytes()[1..]).unwrap_err()),
        refusal(&text(&file).replacen("\"sealed\":\"", "\"sealed\":\"x", 1)),
    ];
    let shown = [
        format!(
            "{words:?} {words:#?} {seed:?} {:?} {extra:?} {open:?} {unlocked:?} {unlocked:#?} {file:?}",
            words.entropy()
        ),
        format!("{:?} {key:?} {:?}", KeyFile::Single(key.clone()), SealSeed::new([0x5a; 40])),
        errors.join(" "),
    ]
    .join(" ");
    let number = |bytes: &[u8]| format!("{bytes:?}");
    let secrets = [
        Hex(words.entropy().as_bytes()).to_string(),
        number(words.entropy().as_bytes()),
        Hex(seed.as_bytes()).to_string(),
        number(&seed.as_bytes()[..4]),
        Hex(&key.to_bytes()).to_string(),
        number(&key.to_bytes()[..4]),
        "daffodil".into(),
        "tulip".into(),
        "rose".into(),
        "5a5a".into(),
        "90, 90".into(),
        unlocked.account_key().to_string(),
    ];
    for secret in secrets.into_iter().chain(words.iter().map(String::from)) {
        let inner = secret.trim_matches(['[', ']']);
        assert!(!shown.contains(inner), "{inner} is in {shown}");
    }
}

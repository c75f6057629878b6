//! Files of earlier versions: one secret key, 64 hex digits in clear.

use std::{
    error::Error,
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use toycoin_core::SecretKey;
use toycoin_keys::KeyFile;

/// Reads the key of an old file.
///
/// # Errors
/// If there is none, or it is a file of another kind; the error says what to do with that.
pub fn read(path: &Path) -> Result<SecretKey, Box<dyn Error>> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("no file at {shown}; `wallet import` moves a file of earlier versions"),
        _ => format!("cannot read {shown}: {error}"),
    })?;
    of(file).map_err(|what| format!("{shown} {what}").into())
}

fn of(file: impl Read) -> Result<SecretKey, String> {
    match KeyFile::read_from(file) {
        Ok(KeyFile::Single(key)) => Ok(key),
        Ok(KeyFile::Sealed(_)) => {
            Err("is a wallet with words already; use it with --wallet, and pay from it to this one".into())
        }
        Ok(KeyFile::Watch(_)) => Err("only watches: it has no key that could pay anything".into()),
        Err(_) => Err("holds no key of earlier versions, which is 64 hex digits".into()),
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::hex::Hex;

    use super::*;

    #[test]
    fn reads_64_digits_and_nothing_else() {
        let key = SecretKey::classroom(3);
        let text = format!("{}\n", Hex(&key.to_bytes()));
        assert_eq!(of(text.as_bytes()).unwrap().public_key(), key.public_key());
        for wrong in ["", "ab", "{}", &"0".repeat(64), &text.repeat(2)] {
            assert_eq!(of(wrong.as_bytes()).unwrap_err(), "holds no key of earlier versions, which is 64 hex digits");
        }
        assert!(of(std::io::repeat(b'a')).is_err(), "a file without an end is not read to it");
    }
}

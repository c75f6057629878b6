//! Secret key in a file: 64 hex digits and a line feed, readable only by its owner.

use std::{
    error::Error,
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
};

use toycoin_core::{
    SecretKey,
    hex::{self, Hex},
};

use crate::whole_file::WholeFile;

/// Draws a key and writes it to a new file, which appears whole and durable, or not at all.
///
/// # Errors
/// If the file exists already or cannot be written.
pub fn create(path: &Path) -> Result<SecretKey, Box<dyn Error>> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} is there already; --key names another file", path.display()),
        _ => format!("cannot write {}: {error}", path.display()),
    };
    if path.symlink_metadata().is_ok() {
        return Err(failed(ErrorKind::AlreadyExists.into()).into());
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let key = SecretKey::from_bytes(&secret)?;
    let new = WholeFile::private(path).map_err(failed)?;
    writeln!(new.file(), "{}", Hex(&secret)).and_then(|()| new.appear()).map_err(failed)?;
    Ok(key)
}

/// Reads a key.
///
/// # Errors
/// If the file does not exist, or does not hold a key.
pub fn read(path: &Path) -> Result<SecretKey, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("no key at {}; `wallet new` makes one", path.display()),
        _ => format!("cannot read {}: {error}", path.display()),
    })?;
    let no_key = || format!("{} does not hold a key: 64 hex digits", path.display());
    let mut text = String::new();
    // reads no more than a key with some blanks needs, whatever the file is
    file.take(256).read_to_string(&mut text).map_err(|_| no_key())?;
    let secret = hex::decode(text.trim()).ok_or_else(no_key)?;
    Ok(SecretKey::from_bytes(&secret).map_err(|_| no_key())?)
}

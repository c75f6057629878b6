//! Secret key in a file: 64 hex digits and a line feed, readable only by its owner.

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use toycoin_core::{
    SecretKey,
    hex::{self, Hex},
};

/// Draws a key and writes it to a new file.
///
/// # Errors
/// If the file exists already or cannot be written.
pub fn create(path: &Path) -> Result<SecretKey, Box<dyn Error>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} is there already; --key names another file", path.display()),
        _ => format!("cannot write {}: {error}", path.display()),
    })?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let key = SecretKey::from_bytes(&secret)?;
    writeln!(file, "{}", Hex(&secret))?;
    file.sync_all()?;
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

//! The key of a node: an ed25519 key, made once and kept in a file, from which its peer id follows.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use libp2p::identity::Keypair;

use crate::error::KeyError;

/// Returns a key that is drawn for this run.
pub(crate) fn draw() -> Result<Keypair, KeyError> {
    Ok(from_secret(secret()?))
}

/// Returns the key in a file, which is made if it does not exist. This blocks.
///
/// # Errors
/// [`KeyError`] if the file cannot be read or made, others may read it, or it does not hold 32 bytes.
pub(crate) fn load_or_make(path: &Path) -> Result<Keypair, KeyError> {
    let io = |error| KeyError::Io { path: path.into(), error };
    match OpenOptions::new().read(true).open(path) {
        Ok(mut file) => {
            check_mode(path, &file.metadata().map_err(io)?)?;
            let mut bytes = Vec::with_capacity(KEY_SIZE + 1);
            // one byte more shows a file that is too long
            Read::by_ref(&mut file).take(KEY_SIZE as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
            let secret = <[u8; KEY_SIZE]>::try_from(bytes).map_err(|_| KeyError::Length { path: path.into() })?;
            Ok(from_secret(secret))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = secret()?;
            make(path, &secret).map_err(io)?;
            Ok(from_secret(secret))
        }
        Err(error) => Err(io(error)),
    }
}

/// Returns 32 random bytes.
fn secret() -> Result<[u8; KEY_SIZE], KeyError> {
    let mut secret = [0; KEY_SIZE];
    getrandom::fill(&mut secret).map_err(|error| KeyError::Random(io::Error::other(error)))?;
    Ok(secret)
}

fn from_secret(mut secret: [u8; KEY_SIZE]) -> Keypair {
    Keypair::ed25519_from_bytes(&mut secret).expect("any 32 bytes are an ed25519 secret key")
}

/// Writes a new key: beside its place first, so that a crash leaves no half of it.
fn make(path: &Path, secret: &[u8; KEY_SIZE]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, KEY_MODE);
    let mut file = options.open(&new)?;
    file.write_all(secret)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode == KEY_MODE { Ok(()) } else { Err(KeyError::Mode { path: path.into(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

/// Bytes of a secret key.
const KEY_SIZE: usize = 32;

/// Its owner may read and write the file, and nobody else may do anything.
const KEY_MODE: u32 = 0o600;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let mut name = [0; 8];
            getrandom::fill(&mut name).unwrap();
            let path = std::env::temp_dir().join(format!("toycoin-p2p-key-{}", u64::from_ne_bytes(name)));
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn key_is_made_once_and_kept() {
        let folder = Folder::new();
        let path = folder.0.join("p2p.key");
        let first = load_or_make(&path).unwrap().public();
        assert_eq!(load_or_make(&path).unwrap().public(), first);
        assert_eq!(fs::metadata(&path).unwrap().len(), 32);
        assert_ne!(draw().unwrap().public(), first);
    }

    #[cfg(unix)]
    #[test]
    fn key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let folder = Folder::new();
        let path = folder.0.join("p2p.key");
        load_or_make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = load_or_make(&path).unwrap_err();
        assert!(matches!(error, KeyError::Mode { mode: 0o644, .. }));
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn key_of_another_length_is_refused() {
        let folder = Folder::new();
        let path = folder.0.join("p2p.key");
        load_or_make(&path).unwrap();
        for length in [0, 31, 33] {
            fs::write(&path, vec![7; length]).unwrap();
            assert!(matches!(load_or_make(&path), Err(KeyError::Length { .. })), "{length}");
        }
    }
}

//! The place of an output: a file, or a stream such as a pipe or a terminal.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::whole_file::WholeFile;

/// The place that a user names for an output.
///
/// A regular file is written beside its place, and replaces what is there once it is whole. A pipe or a terminal is
/// opened when there is something to write.
#[derive(Debug, Clone)]
pub struct Place(PathBuf);

impl Place {
    /// Returns the place, if something can be written there. What is there stays until there is something new.
    ///
    /// # Errors
    /// If nothing can be written there. The error names the path.
    pub fn open(path: &Path) -> io::Result<Self> {
        let tried = if is_stream(path) {
            // to open a pipe may block, so only its permissions are looked at here
            match fs::metadata(path) {
                Ok(found) if found.permissions().readonly() => Err(ErrorKind::PermissionDenied.into()),
                found => found.map(drop),
            }
        } else if path.is_dir() {
            Err(ErrorKind::IsADirectory.into())
        } else {
            let is_writable = if path.exists() { OpenOptions::new().write(true).open(path).map(drop) } else { Ok(()) };
            is_writable.and_then(|()| WholeFile::replacing(path)).map(drop)
        };
        let place = Self(path.to_owned());
        match tried {
            Ok(()) => Ok(place),
            Err(error) => Err(place.cannot_write(&error)),
        }
    }

    /// Returns the path, as the user wrote it.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the output. If that fails, a regular file stays as it was.
    ///
    /// # Errors
    /// If it cannot be written; see [`cannot_write`](Self::cannot_write).
    pub fn write<T, E: From<io::Error>>(&self, write: impl FnOnce(&File) -> Result<T, E>) -> Result<T, E> {
        if is_stream(&self.0) {
            return write(&OpenOptions::new().write(true).open(&self.0)?);
        }
        let new = WholeFile::replacing(&self.0)?;
        let written = write(new.file())?;
        new.replace()?;
        Ok(written)
    }

    /// Returns an error that names the path.
    pub fn cannot_write(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", self.0.display()))
    }
}

/// Returns whether two paths name one file, whether it exists or not.
pub fn is_one_file(one: &Path, other: &Path) -> bool {
    match (resolved(one), resolved(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Returns a path without links and dots; `None` if not even its directory exists.
fn resolved(path: &Path) -> Option<PathBuf> {
    if let Ok(whole) = fs::canonicalize(path) {
        return Some(whole);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(directory).ok()?.join(path.file_name()?))
}

/// Returns whether a path names something that cannot be replaced by a file: a pipe, a terminal, a device, or an
/// output of this process.
fn is_stream(path: &Path) -> bool {
    let is_special = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    is_special || path.starts_with("/dev") || path.starts_with("/proc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_many_spellings() {
        let folder = std::env::temp_dir().join(format!("toycoin-spellings-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("there"), "").unwrap();
        for name in ["there", "not-there"] {
            let (plain, winding) = (folder.join(name), folder.join("inner/../.").join(name));
            assert!(is_one_file(&plain, &winding), "{name}");
            assert!(!is_one_file(&plain, &folder.join("inner").join(name)), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("there", folder.join("link")).unwrap();
            assert!(is_one_file(&folder.join("there"), &folder.join("link")));
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

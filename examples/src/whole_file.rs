//! A file that is written beside its place and appears there whole, or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The half-written files of this process.
static HALF_WRITTEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file in the making. Dropped before it is complete, it leaves nothing behind.
#[derive(Debug)]
pub struct WholeFile {
    /// Where it will appear; for a symbolic link, what that points to.
    place: PathBuf,
    beside: PathBuf,
    file: File,
}

impl WholeFile {
    /// Begins a file. It replaces what is at its place, and keeps its permissions, once it is complete.
    ///
    /// # Errors
    /// If no file can be made in the directory.
    pub fn replacing(place: &Path) -> io::Result<Self> {
        let place = target(place);
        let new = Self::begin(place, 0o666)?;
        if let Ok(old) = fs::metadata(&new.place) {
            fs::set_permissions(&new.beside, old.permissions())?;
        }
        Ok(new)
    }

    /// Begins a file that only its owner may read.
    ///
    /// # Errors
    /// If no file can be made in the directory.
    pub fn private(place: &Path) -> io::Result<Self> {
        Self::begin(place.to_owned(), 0o600)
    }

    fn begin(place: PathBuf, mode: u32) -> io::Result<Self> {
        let name = place.file_name().ok_or(ErrorKind::InvalidInput)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.new", process::id()));
        let beside = place.with_file_name(hidden);
        // an earlier process with the same id may have left one
        let _ = fs::remove_file(&beside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        half_written().push(beside.clone());
        match options.open(&beside) {
            Ok(file) => Ok(Self { place, beside, file }),
            Err(error) => {
                half_written().retain(|path| *path != beside);
                Err(error)
            }
        }
    }

    /// Returns the file, to write to it.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Puts the file at its place, instead of what is there.
    ///
    /// # Errors
    /// If it cannot be made durable, or cannot be renamed.
    pub fn replace(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.place)?;
        self.sync_directory();
        Ok(())
    }

    /// Puts the file at its place, where there must be none.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if there is one; or if the file cannot be made durable or cannot be renamed.
    pub fn appear(self) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.beside, &self.place) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // a file system without links: an empty file takes the place, and the whole one takes its
            Err(_) => {
                OpenOptions::new().write(true).create_new(true).open(&self.place)?;
                if let Err(error) = fs::rename(&self.beside, &self.place) {
                    let _ = fs::remove_file(&self.place);
                    return Err(error);
                }
            }
        }
        self.sync_directory();
        Ok(())
    }

    /// Makes the name durable. An error is ignored: a system without this operation does not need it.
    fn sync_directory(&self) {
        let directory = self.place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // gone already if it was renamed
        let _ = fs::remove_file(&self.beside);
        half_written().retain(|path| *path != self.beside);
    }
}

/// Removes all half-written files of this process, which ends now.
pub fn abandon() {
    for path in half_written().drain(..) {
        let _ = fs::remove_file(path);
    }
}

fn half_written() -> MutexGuard<'static, Vec<PathBuf>> {
    // a list of names is valid after a panic too
    HALF_WRITTEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns what a path leads to: for a symbolic link, even one to a missing file, its target.
fn target(path: &Path) -> PathBuf {
    if let Ok(whole) = fs::canonicalize(path) {
        return whole;
    }
    match fs::read_link(path) {
        Ok(link) => path.parent().unwrap_or(Path::new("")).join(link),
        Err(_) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("toycoin-{name}-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn leaves_the_old_file_until_the_new_one_is_whole() {
        let folder = folder("replaces");
        let place = folder.join("file");
        fs::write(&place, "old").unwrap();
        let half = WholeFile::replacing(&place).unwrap();
        half.file().write_all(b"ha").unwrap();
        drop(half);
        assert_eq!(fs::read(&place).unwrap(), b"old");
        let whole = WholeFile::replacing(&place).unwrap();
        whole.file().write_all(b"new").unwrap();
        whole.replace().unwrap();
        assert_eq!((fs::read(&place).unwrap(), names(&folder)), (b"new".to_vec(), vec!["file".into()]));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn does_not_take_the_place_of_another_file() {
        let folder = folder("appears");
        let place = folder.join("file");
        fs::write(&place, "old").unwrap();
        let error = WholeFile::private(&place).unwrap().appear().unwrap_err();
        assert_eq!((error.kind(), names(&folder)), (ErrorKind::AlreadyExists, vec!["file".into()]));
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn writes_through_a_symbolic_link() {
        let folder = folder("link");
        std::os::unix::fs::symlink("target", folder.join("link")).unwrap();
        for text in ["one", "two"] {
            let new = WholeFile::replacing(&folder.join("link")).unwrap();
            new.file().write_all(text.as_bytes()).unwrap();
            new.replace().unwrap();
            assert_eq!(fs::read_to_string(folder.join("target")).unwrap(), text);
        }
        assert!(folder.join("link").is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }
}

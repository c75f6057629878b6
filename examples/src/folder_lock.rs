//! A lock on a directory, for whoever reads a file in it, changes something and writes it again.

use std::{
    fs::File,
    io::{self, ErrorKind},
    path::Path,
};

/// The lock of a directory. As long as it lives, no other process and no other thread gets it.
///
/// It is advisory: it holds off those who ask for it, and nobody else. It ends with the process, so nothing is left behind
/// by a program that was killed. A system that cannot lock directories (Windows) has none; what this returns there
/// keeps nobody away.
#[derive(Debug)]
pub struct FolderLock {
    /// The system's lock ends when it is closed.
    _folder: Option<File>,
}

impl FolderLock {
    /// Waits for the lock of the directory that a file is in. Whoever has it keeps it for as long as a file is written.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub fn beside(path: &Path) -> io::Result<Self> {
        if !cfg!(unix) {
            return Ok(Self { _folder: None });
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")))?;
        match folder.lock() {
            Ok(()) => Ok(Self { _folder: Some(folder) }),
            // a file system without locks
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Self { _folder: None }),
            Err(error) => Err(error),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, process, thread};

    use super::*;

    #[test]
    fn nobody_overwrites_what_another_wrote() {
        let folder = std::env::temp_dir().join(format!("toycoin-folder-lock-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("lines");
        fs::write(&path, "").unwrap();
        thread::scope(|scope| {
            for name in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for line in 0..100 {
                        let _lock = FolderLock::beside(path).unwrap();
                        let text = fs::read_to_string(path).unwrap();
                        fs::write(path, format!("{text}{name} {line}\n")).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 400);
        fs::remove_dir_all(folder).unwrap();
    }
}

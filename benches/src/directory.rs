//! A directory for a bench's files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A directory for a bench's files, which is removed at the end.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Makes an empty directory in `parent`, which is `env!("CARGO_TARGET_TMPDIR")` of a bench. Its name also has the
    /// process in it.
    ///
    /// # Panics
    /// When the disk has no room.
    pub fn new(parent: &str, name: &str) -> Self {
        let path = Path::new(parent).join(format!("{name}-{}", std::process::id()));
        // what an earlier process of that number left
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("room for a directory");
        Self(path)
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

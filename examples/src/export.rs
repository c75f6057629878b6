//! The file that `--export` names.

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Seek as _},
    path::{Path, PathBuf},
};

use toycoin_node::{ExportError, NodeHandle};

/// A file that is known to be writable, before there is anything to write.
#[derive(Debug)]
pub struct ExportFile {
    path: PathBuf,
    file: File,
}

impl ExportFile {
    /// Opens the file; what it holds stays until there is something new.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes a node's active chain, and returns how many blocks.
    ///
    /// # Errors
    /// When the file or the node fails.
    pub async fn write(mut self, node: &NodeHandle) -> Result<u64, Box<dyn Error>> {
        let named = |error: &io::Error| format!("cannot write {}: {error}", self.path.display());
        // what is no regular file, a pipe or a terminal, has no place to go back to
        if self.file.metadata()?.is_file() {
            self.file.set_len(0).map_err(|error| named(&error))?;
            self.file.rewind().map_err(|error| named(&error))?;
        }
        match node.export(BufWriter::new(&self.file)).await {
            Err(ExportError::Write(error)) => Err(named(&error).into()),
            other => Ok(other?),
        }
    }
}

//! The file that `--export` names.

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Seek as _},
    path::{Path, PathBuf},
};

use toycoin_node::{ExportError, NodeHandle};

/// An export file that was opened before there is anything to write, so that a bad path fails early.
#[derive(Debug)]
pub struct ExportFile {
    path: PathBuf,
    file: File,
}

impl ExportFile {
    /// Opens the file. Its contents stay until there is something new to write.
    ///
    /// # Errors
    /// If the file cannot be opened for writing.
    pub fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes a node's active chain, and returns the number of blocks.
    ///
    /// # Errors
    /// If the file or the node fails.
    pub async fn write(mut self, node: &NodeHandle) -> Result<u64, Box<dyn Error>> {
        let named = |error: &io::Error| format!("cannot write {}: {error}", self.path.display());
        // only a regular file can be truncated; a pipe or a terminal has no position to return to
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

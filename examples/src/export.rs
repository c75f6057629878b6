//! The file that `--export` names.

use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use tokio::runtime::Handle;
use toycoin_node::{ExportError, NodeHandle};

use crate::{signals::unless_signalled, whole_file::WholeFile};

/// An export that was prepared before there is anything to write, so that a bad path fails early.
///
/// A regular file is written beside its place, and replaces what is there once it is whole. A pipe or a terminal is
/// opened when there is something to write.
#[derive(Debug)]
pub struct ExportFile {
    path: PathBuf,
}

impl ExportFile {
    /// Prepares an export to a file. What is there stays until there is something new.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
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
        tried.map_err(|error| cannot_write(path, &error))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Writes a node's active chain, and returns the number of blocks.
    ///
    /// A signal breaks it off, and the file is as it was before.
    ///
    /// # Errors
    /// If the file or the node fails, or a signal came.
    pub async fn write(self, node: &NodeHandle) -> Result<u64, Box<dyn Error>> {
        let (runtime, node, path) = (Handle::current(), node.clone(), self.path.clone());
        // on its own thread: a pipe may take no bytes for as long as it likes
        let work = move || {
            if is_stream(&path) {
                let file = OpenOptions::new().write(true).open(&path).map_err(ExportError::Write)?;
                return write(&runtime, &node, &file);
            }
            let new = WholeFile::replacing(&path).map_err(ExportError::Write)?;
            let blocks = write(&runtime, &node, new.file())?;
            new.replace().map_err(ExportError::Write)?;
            Ok(blocks)
        };
        match unless_signalled(work).await? {
            Some(Ok(blocks)) => Ok(blocks),
            Some(Err(ExportError::Write(error))) => Err(cannot_write(&self.path, &error)),
            Some(Err(error)) => Err(error.into()),
            None => Err(format!("interrupted: the chain was not exported to {}", self.path.display()).into()),
        }
    }
}

fn write(runtime: &Handle, node: &NodeHandle, file: &File) -> Result<u64, ExportError> {
    let mut out = BufWriter::new(file);
    let blocks = runtime.block_on(node.export(&mut out))?;
    out.flush().map_err(ExportError::Write)?;
    Ok(blocks)
}

/// Returns whether a path names something that cannot be replaced by a file: a pipe, a terminal, a device, or an
/// output of this process.
fn is_stream(path: &Path) -> bool {
    let is_special = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    is_special || path.starts_with("/dev") || path.starts_with("/proc")
}

fn cannot_write(path: &Path, error: &io::Error) -> Box<dyn Error> {
    format!("cannot write {}: {error}", path.display()).into()
}

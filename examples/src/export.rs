//! The file that `--export` names.

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use tokio::runtime::Handle;
use toycoin_node::{ExportError, NodeHandle};

use crate::{place::Place, say, signals::unless_signalled};

/// An export that was prepared before there is anything to write, so that a bad path fails early.
#[derive(Debug)]
pub struct ExportFile {
    place: Place,
}

impl ExportFile {
    /// Prepares an export to a file. What is there stays until there is something new.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self { place: Place::open(path)? })
    }

    /// Writes a node's active chain, says so, and returns the number of blocks.
    ///
    /// A signal breaks it off, and the file is as it was before.
    ///
    /// # Errors
    /// If the file or the node fails, or a signal came.
    pub async fn write(self, node: &NodeHandle) -> Result<u64, Box<dyn Error>> {
        let (runtime, node, place) = (Handle::current(), node.clone(), self.place.clone());
        // on its own thread: a pipe may take no bytes for as long as it likes
        let work = move || {
            // not before: a signal that comes after this line must not count as one that came before the work
            say!("exporting the chain");
            place.write(|file| write(&runtime, &node, file).map_err(Failed))
        };
        match unless_signalled(work).await? {
            Some(Ok(blocks)) => Ok(blocks),
            Some(Err(Failed(ExportError::Write(error)))) => Err(self.place.cannot_write(&error).into()),
            Some(Err(Failed(error))) => Err(error.into()),
            None => Err(format!("interrupted: the chain was not exported to {}", self.place.path().display()).into()),
        }
    }
}

/// Why an export failed: an error of the file is one, too.
struct Failed(ExportError);

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self(ExportError::Write(error))
    }
}

fn write(runtime: &Handle, node: &NodeHandle, file: &File) -> Result<u64, ExportError> {
    let mut out = BufWriter::new(file);
    let blocks = runtime.block_on(node.export(&mut out))?;
    out.flush().map_err(ExportError::Write)?;
    Ok(blocks)
}

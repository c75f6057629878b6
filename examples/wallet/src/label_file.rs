//! The file with the labels of a wallet.

use std::{
    error::Error,
    fs::File,
    io::{self, ErrorKind},
    path::Path,
};

use toycoin_examples::{folder_lock::FolderLock, whole_file::WholeFile};
use toycoin_keys::Labels;

use crate::quote::warn;

/// Reads labels; without a file there are none.
///
/// # Errors
/// If the file cannot be read, or a line is no label.
pub fn read(path: &Path) -> Result<Labels, Box<dyn Error>> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Labels::new()),
        file => of(path, file),
    }
}

/// Reads labels as [`read`] does. If that fails, it says so on standard error, and there are none: labels are no reason
/// to refuse a balance or a payment.
pub fn read_or_warn(path: &Path) -> Labels {
    read(path).unwrap_or_else(|error| {
        let ways = "correct that, or move the file away and import a copy with `wallet labels import`";
        warn(&format!("labels are not shown: {error}; {ways}"));
        Labels::new()
    })
}

/// Reads labels of a file that must be there.
///
/// # Errors
/// As [`read`], and if there is no file.
pub fn read_existing(path: &Path) -> Result<Labels, Box<dyn Error>> {
    of(path, File::open(path))
}

/// Adds labels (type, reference, text) to those in the file, which another command may have changed meanwhile.
///
/// # Errors
/// If a text is no label, or the file cannot be read or written.
pub fn add(
    path: &Path,
    labels: impl IntoIterator<Item = (&'static str, String, String)>,
) -> Result<(), Box<dyn Error>> {
    let mut labels = labels.into_iter().peekable();
    if labels.peek().is_none() {
        return Ok(());
    }
    change(path, |all| Ok(labels.try_for_each(|(kind, reference, text)| all.set(kind, &reference, &text))?))?;
    Ok(())
}

/// Reads the labels, changes them and writes them, while no other command does so. Returns what is in the file then.
///
/// # Errors
/// If the change fails, after which the file is as before; or if it cannot be read or written.
pub fn change(
    path: &Path,
    change: impl FnOnce(&mut Labels) -> Result<(), Box<dyn Error>>,
) -> Result<Labels, Box<dyn Error>> {
    let _lock =
        FolderLock::beside(path).map_err(|error| format!("cannot read what is beside {}: {error}", path.display()))?;
    let mut labels = read(path)?;
    change(&mut labels)?;
    write(path, &labels)?;
    Ok(labels)
}

/// Writes labels, in place of those that are there. Only the owner can read them.
fn write(path: &Path, labels: &Labels) -> Result<(), Box<dyn Error>> {
    let write = || {
        let file = WholeFile::private(path)?;
        let mut buffer = io::BufWriter::new(file.file());
        labels.write_to(&mut buffer)?;
        buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.replace()
    };
    write().map_err(|error: io::Error| format!("cannot write {}: {error}", path.display()).into())
}

fn of(path: &Path, file: io::Result<File>) -> Result<Labels, Box<dyn Error>> {
    let file = file.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Labels::read_from(file).map_err(|error| format!("{}: {error}", path.display()).into())
}

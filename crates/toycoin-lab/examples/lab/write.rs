//! Results as text, and text in files.

use std::{fs, io, path::Path, process::Command};

use toycoin_lab::{
    Row,
    output::{Csv, Report, Table},
};

use crate::arguments::{Format, Task};

/// Returns rows in the format that is asked for.
pub(crate) fn text(task: &Task, rows: &[Row]) -> String {
    match task.format {
        Format::Table => Table { attack: task.attack, rows }.to_string(),
        Format::Csv => Csv { attack: task.attack, rows }.to_string(),
        Format::Json => {
            let commit = commit();
            let version = env!("CARGO_PKG_VERSION");
            let report =
                Report { attack: task.attack.name(), version, commit: commit.as_deref(), seed: task.seed, rows };
            report.to_json()
        }
    }
}

/// Returns the commit of the source that this program was built from, if git knows it.
fn commit() -> Option<String> {
    let git = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    let commit = String::from_utf8(git.stdout).ok()?;
    Some(commit.trim().to_owned()).filter(|commit| git.status.success() && !commit.is_empty())
}

/// Writes a file whole.
pub(crate) fn to_file(path: &Path, text: &str) -> Result<(), String> {
    let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
    fs::write(path, format!("{}\n", text.trim_end())).map_err(cannot)
}

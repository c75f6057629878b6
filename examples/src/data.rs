//! A node's chain on disk: checked, or built anew, with a progress bar.

use std::{error::Error, path::Path};

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_core::ChainParams;
use toycoin_node::store::{RedbStore, reindex};

use crate::say;

/// Checks all that is kept in a directory, and says what was found.
///
/// # Errors
/// When something is wrong with it, or it does not open.
pub fn check(directory: &Path, params: &ChainParams) -> Result<(), Box<dyn Error>> {
    if !directory.is_dir() {
        return Err(format!("{} is no directory", directory.display()).into());
    }
    let store = RedbStore::open(directory, params)?;
    let bar = bar("checking")?;
    let report = store.check(|done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    for problem in report.problems.iter().take(10) {
        say!("  {problem}");
    }
    if !report.is_sound() {
        let way_out = "--reindex rebuilds what the blocks tell";
        return Err(format!("{} problems in {}; {way_out}", report.problems.len(), directory.display()).into());
    }
    say!(
        "{} is sound: height {}, {} blocks, {} transactions, {} coins",
        directory.display(),
        report.height,
        report.blocks,
        report.transactions,
        report.coins
    );
    Ok(())
}

/// Builds all that is kept in a directory anew from its blocks, and says what came of it.
///
/// # Errors
/// When there is nothing to build from, or the disk fails.
pub fn rebuild(directory: &Path, params: &ChainParams) -> Result<(), Box<dyn Error>> {
    let bar = bar("reindexing")?;
    let result = reindex(directory, params, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    say!("{} is rebuilt: height {} from {} blocks", directory.display(), result.height, result.blocks);
    if result.refused > 0 || result.skipped_bytes > 0 {
        say!("  {} blocks were not taken over, {} bytes could not be read", result.refused, result.skipped_bytes);
    }
    Ok(())
}

/// Draws itself on a terminal only.
fn bar(what: &str) -> Result<ProgressBar, Box<dyn Error>> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(&format!("{what} {{bar:40}} block {{pos}} of {{len}}, {{eta}}"))?);
    Ok(bar)
}

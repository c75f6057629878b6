//! Checks or rebuilds a node's chain on disk, with a progress bar.

use std::{
    error::Error,
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_core::ChainParams;
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, RedbStore, reindex};

use crate::{interrupted, say};

/// Checks the chain in a directory, and prints the result. Ctrl-C and SIGTERM interrupt the check.
///
/// # Errors
/// If the chain is damaged or missing, it cannot be opened, or the check was interrupted.
pub async fn check(directory: &Path, params: &ChainParams) -> Result<(), Box<dyn Error>> {
    if ![INDEX_FILE, BODIES_FILE].iter().any(|file| directory.join(file).exists()) {
        return Err(format!("{} keeps no chain", directory.display()).into());
    }
    let (place, network) = (directory.to_owned(), params.clone());
    let report = watched("checking", move |progress| RedbStore::open(&place, &network)?.check(progress)).await?;
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

/// Rebuilds the chain in a directory from its blocks, and prints the result.
///
/// Ctrl-C and SIGTERM interrupt it, and leave everything as it was.
///
/// # Errors
/// If there is nothing to rebuild from, the disk fails, or it was interrupted.
pub async fn rebuild(directory: &Path, params: &ChainParams) -> Result<(), Box<dyn Error>> {
    let (place, network) = (directory.to_owned(), params.clone());
    let result = watched("reindexing", move |progress| reindex(&place, &network, progress)).await?;
    say!("{} is rebuilt: height {} from {} blocks", directory.display(), result.height, result.blocks);
    if result.refused > 0 || result.skipped_bytes > 0 {
        say!("  {} blocks were not taken over, {} bytes could not be read", result.refused, result.skipped_bytes);
    }
    Ok(())
}

/// Callback to which long work reports its progress (done, total), and whose result says whether to continue.
type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Runs work on its own thread, with a bar on a terminal, until it is done or a signal interrupts it.
async fn watched<T: Send + 'static, E: Error + Send + 'static>(
    what: &str,
    work: impl FnOnce(Progress<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, Box<dyn Error>> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(&format!("{what} {{bar:40}} {{percent:>3}} %, {{eta}}"))?);
    let is_over = Arc::new(AtomicBool::new(false));
    let (shown, stop) = (bar.clone(), Arc::clone(&is_over));
    let mut work = tokio::task::spawn_blocking(move || {
        work(&mut |done, total| {
            shown.set_length(total);
            shown.set_position(done);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    });
    let result = tokio::select! {
        result = &mut work => result,
        signal = interrupted() => {
            is_over.store(true, Ordering::Relaxed);
            signal?;
            work.await
        }
    };
    bar.finish_and_clear();
    Ok(result??)
}

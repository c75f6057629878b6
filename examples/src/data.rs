//! Checks or rebuilds a node's chain on disk, and shows the progress.

use std::{
    error::Error,
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use toycoin_core::ChainParams;
use toycoin_node::{
    NodeBuilder, run_snapshot_job,
    store::{BODIES_FILE, INDEX_FILE, Pruned, RedbStore, StoreError, Watch, Work, reindex},
};

use crate::{
    export::ExportFile,
    interrupted,
    progress::Progress,
    say,
    signals::unless_signalled,
    tell,
    words::{count, grouped},
};

/// Bytes of a database from which on compacting takes long enough to be told: 4 MiB. A young chain's database is
/// compacted every few blocks.
const WORTH_TELLING: u64 = 4 << 20;

/// Opens the chain in a directory, and shows the progress if that takes long. Later it announces when a large database is
/// compacted. With `prunes` the chain is pruned before, and what is gone is printed. `None` if a signal came first.
///
/// # Errors
/// If the chain cannot be opened or pruned.
pub async fn open(directory: &Path, params: &ChainParams, prunes: bool) -> Result<Option<RedbStore>, Box<dyn Error>> {
    let (place, network) = (directory.to_owned(), params.clone());
    let opening = Mutex::new(Some(Progress::new("opening the chain", "{bar:16} {percent:>3} % of {msg}")?));
    let opening = Arc::new(opening);
    let shown = Arc::clone(&opening);
    let watch = Watch::new(move |work| match work {
        Work::Opening { read, length } => {
            if let Some(shown) = &mut *shown.lock().unwrap_or_else(PoisonError::into_inner) {
                let (percent, length_mb) = (read.min(length).saturating_mul(100) / length.max(1), megabytes(length));
                shown.show(read.min(length), length, &length_mb, || {
                    format!("{percent} % of {length_mb} compared with their checksums")
                });
            }
        }
        Work::Compacting { moved: 0, used, length } if length >= WORTH_TELLING => {
            let (length, used) = (megabytes(length), megabytes(used));
            tell!("compacting the database: {length}, {used} in use; a second signal ends it");
        }
        _ => {}
    });
    let opened = unless_signalled(move || {
        if RedbStore::adopt_validated(&place)? {
            tell!("the chain that was validated from genesis takes the place of the snapshot");
        }
        let store = RedbStore::open_watched(&place, &network, watch)?;
        if !prunes {
            return Ok((store, None));
        }
        store.prune().map(|(store, pruned)| (store, Some(pruned)))
    })
    .await;
    // the bar goes
    opening.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((store, pruned)) = opened?.transpose()? else { return Ok(None) };
    if let Some(line) = pruned.and_then(pruned_line) {
        say!("{line}");
    }
    Ok(Some(store.with_snapshot_jobs(run_snapshot_job).writing_behind()))
}

/// Returns the line that says what pruning did, if it matters to anybody.
fn pruned_line(pruned: Pruned) -> Option<String> {
    match pruned {
        Pruned::Done { first, freed } => {
            let last = grouped(first.saturating_sub(1));
            Some(format!("pruned: blocks 1 to {last} are gone, {} freed", megabytes(freed)))
        }
        Pruned::Assumed { height } => {
            let height = grouped(height);
            Some(format!("not pruned yet: the blocks up to height {height} must be validated first"))
        }
        _ => None,
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Checks the chain in a directory, and prints the result. Ctrl-C and SIGTERM interrupt the check.
///
/// # Errors
/// If the chain is damaged or missing, it cannot be opened, or the check was interrupted.
pub async fn check(directory: &Path, params: &ChainParams) -> Result<(), Box<dyn Error>> {
    if ![INDEX_FILE, BODIES_FILE].iter().any(|file| directory.join(file).exists()) {
        return Err(format!("{} keeps no chain", directory.display()).into());
    }
    let Some(store) = open(directory, params, false).await? else { return Err(StoreError::Interrupted.into()) };
    let report = watched("checking", move |progress| store.check(progress)).await?;
    for problem in report.problems.iter().take(10) {
        say!("  {problem}");
    }
    if !report.is_sound() {
        let way_out = match report.first_block {
            0 => "--reindex rebuilds what the blocks tell",
            _ => "remove the directory, and the chain is fetched again",
        };
        return Err(format!(
            "{} in {}; {way_out}",
            count(report.problems.len() as u64, "problem"),
            directory.display()
        )
        .into());
    }
    say!(
        "{} is sound: height {}, {} blocks, {} transactions, {} coins",
        directory.display(),
        report.height,
        report.blocks,
        report.transactions,
        report.coins
    );
    if report.first_block > 0 {
        say!("  it has no blocks below height {}, where the check ended", grouped(report.first_block));
    }
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

/// Exports the chain in a directory, without connecting to anybody, and prints how many blocks it has.
///
/// # Errors
/// If the chain cannot be opened or read, the file cannot be written, or a signal came.
pub async fn export(directory: &Path, params: &ChainParams, file: ExportFile) -> Result<(), Box<dyn Error>> {
    let Some(store) = open(directory, params, false).await? else { return Err(StoreError::Interrupted.into()) };
    let node = NodeBuilder::new(params.clone()).store(store).spawn().await?;
    say!("{} exported", count(file.write(&node).await?, "block"));
    Ok(node.shutdown().await?)
}

/// Callback to which long work reports its progress (done, total), and whose result says whether to continue.
type Report<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Runs work on its own thread and shows its progress, until it is done or a signal interrupts it.
async fn watched<T: Send + 'static, E: Error + Send + 'static>(
    what: &str,
    work: impl FnOnce(Report<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, Box<dyn Error>> {
    let mut shown = Progress::new(what, "{bar:40} {percent:>3} %, {eta}")?;
    let is_over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&is_over);
    let mut work = tokio::task::spawn_blocking(move || {
        work(&mut |done, total| {
            shown.show(done, total, "", || format!("{} %", done.saturating_mul(100) / total.max(1)));
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
    Ok(result??)
}

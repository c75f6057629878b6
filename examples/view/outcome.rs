//! What the program leaves behind: records and saved pages; and when it ends.

use std::{
    convert::Infallible,
    error::Error,
    fs::File,
    future::pending,
    io::{self, BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use toycoin_examples::{place::Place, say, signals::unless_signalled, tell};
use toycoin_view::{
    Hub,
    record::{Background, Record, Recorder, saved_page},
};

use crate::arguments::Arguments;

/// Begins to write all events to a file.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn record_to(hub: &Hub, file: &Path) -> io::Result<()> {
    let begin = || {
        // a class should not wait for a disk
        let out = Background::new(File::create(file)?)?;
        let failure = out.failure();
        hub.record(Recorder::new(BufWriter::with_capacity(64 << 10, out)).watching(failure))
    };
    begin().map_err(|error| cannot_record(file, &error))
}

/// Returns a recorder that writes to a file.
///
/// # Errors
/// If the file cannot be made.
pub(crate) fn recorder(file: &Path) -> io::Result<Recorder> {
    Ok(Recorder::new(BufWriter::new(File::create(file)?)))
}

/// Returns an error of a record that names its file.
pub(crate) fn cannot_record(file: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write the record {}: {error}", file.display()))
}

/// Says it in one line, should the record fail while the network goes on. Never returns.
pub(crate) async fn warn_of_failure(hub: &Hub, file: Option<&Path>) -> Infallible {
    if let Some(file) = file {
        let reason = hub.record_failed().await;
        tell!("warning: the record {} ends here: {reason}", file.display());
    }
    pending().await
}

/// Reads a record.
///
/// # Errors
/// If the file cannot be read, or is no record.
pub(crate) fn open_record(file: &Path) -> Result<Record, Box<dyn Error>> {
    let opened = File::open(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let record = Record::read(opened).map_err(|error| format!("{}: {error}", file.display()))?;
    if record.is_cut() {
        tell!("note: the last line of {} is not whole, and is left out", file.display());
    }
    Ok(record)
}

/// Waits until so much time has passed on the stage; for ever without a time.
pub(crate) async fn end_of_time(hub: &Arc<Hub>, time: Option<Duration>) {
    let Some(time) = time else { return pending().await };
    let mut viewer = hub.join(None);
    let end = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    while hub.look(|state| state.us) < end {
        viewer.next().await;
    }
}

/// Returns where the page is to be saved, if that is wanted and something can be written there.
///
/// # Errors
/// If nothing can be written there.
pub(crate) fn page_place(arguments: &Arguments) -> io::Result<Option<Place>> {
    arguments.save_page.as_deref().map(Place::open).transpose()
}

/// Saves the page with what was recorded or replayed.
///
/// # Errors
/// If the record cannot be read, or the page cannot be written.
pub(crate) async fn save_page(arguments: &Arguments, place: Option<Place>) -> Result<(), Box<dyn Error>> {
    let Some((place, file)) = place.zip(arguments.record_file()) else { return Ok(()) };
    let page = saved_page(&open_record(file)?);
    let to = place.clone();
    // on its own thread: a pipe may take no bytes for as long as it likes
    let written = unless_signalled(move || to.write(|mut file| file.write_all(page.as_bytes()))).await?;
    let path = place.path().display();
    match written {
        Some(Ok(())) => {
            say!("the page is saved in {path}; any browser opens it, without a network");
            Ok(())
        }
        Some(Err(error)) => Err(place.cannot_write(&error).into()),
        None => Err(format!("interrupted: the page was not saved in {path}").into()),
    }
}

/// Opens a link in the browser. If that fails, the link was printed.
pub(crate) fn open(url: &str) {
    let (program, first): (_, &[_]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    let command = command.args(first).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        tell!("no browser could be opened: {program}: {error}; open the link yourself");
    }
}

//! What the program leaves behind: records and saved pages; and when it ends.

use std::{
    error::Error,
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use toycoin_examples::{say, tell, whole_file::WholeFile};
use toycoin_view::{
    Hub,
    record::{Background, Record, Recorder, saved_page},
};

use crate::arguments::Arguments;

/// Begins to write all events to a file.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn record_to(hub: &Hub, file: &Path) -> Result<(), Box<dyn Error>> {
    // a class should not wait for a disk
    let out = Background::new(create(file)?)?;
    Ok(hub.record(Recorder::new(BufWriter::with_capacity(64 << 10, out)))?)
}

/// Returns a recorder that writes to a file.
///
/// # Errors
/// If the file cannot be made.
pub(crate) fn recorder(file: &Path) -> io::Result<Recorder> {
    Ok(Recorder::new(BufWriter::new(create(file)?)))
}

fn create(file: &Path) -> io::Result<File> {
    let cannot = |error: io::Error| io::Error::other(format!("cannot write {}: {error}", file.display()));
    File::create(file).map_err(cannot)
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
    let Some(time) = time else { return std::future::pending().await };
    let mut viewer = hub.join(None);
    let end = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    while hub.look(|state| state.us) < end {
        viewer.next().await;
    }
}

/// Saves the page with what was recorded, if the arguments ask for it.
///
/// # Errors
/// If the record cannot be read, or the page cannot be written.
pub(crate) fn save_page(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    match (&arguments.save_page, arguments.replay.as_ref().or(arguments.record.as_ref())) {
        (Some(_), Some(file)) => save_page_of(arguments, &open_record(file)?),
        _ => Ok(()),
    }
}

/// Saves the page with a record.
///
/// # Errors
/// If the page cannot be written.
pub(crate) fn save_page_of(arguments: &Arguments, record: &Record) -> Result<(), Box<dyn Error>> {
    let Some(place) = &arguments.save_page else { return Ok(()) };
    let file = WholeFile::replacing(place).map_err(|error| format!("cannot write {}: {error}", place.display()))?;
    file.file().write_all(saved_page(record).as_bytes())?;
    file.replace()?;
    say!("the page is saved in {}; any browser opens it, without a network", place.display());
    Ok(())
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

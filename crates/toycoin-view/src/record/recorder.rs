//! Writing a record, while its run goes on.

use std::{
    fmt,
    io::{self, Write},
};

use crate::{
    limits::{RECORD_BYTES, RECORD_LINES},
    record::Failure,
};

/// Writes a record. It ends by itself at [`RECORD_BYTES`] or [`RECORD_LINES`].
pub struct Recorder {
    out: Box<dyn Write + Send>,
    bytes: u64,
    lines: u64,
    failed: Option<io::Error>,
    /// What knows earlier than a write whether the output has failed.
    failure: Failure,
}

impl Recorder {
    /// Returns a recorder that writes to `out`, which should be buffered. Whoever tells an event waits for it; behind a
    /// [`Background`](super::Background) nobody does.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), bytes: 0, lines: 0, failed: None, failure: Failure::default() }
    }

    /// Looks at this before each line, so that a failure in the background is known before its buffer is full.
    #[must_use]
    pub fn watching(self, failure: Failure) -> Self {
        Self { failure, ..self }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the output fails, or the record is full.
    pub(crate) fn write(&mut self, line: &str) -> io::Result<()> {
        self.bytes += line.len() as u64 + 1;
        self.lines += 1;
        if self.bytes > RECORD_BYTES || self.lines > RECORD_LINES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the record is full: 256 MiB or 2,000,000 lines"));
        }
        if self.failure.is_there() {
            // the output says why
            self.out.flush()?;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        writeln!(self.out, "{line}")
    }

    /// Writes a line, unless an earlier one failed. The first error comes out at the [end](Self::finish).
    pub(crate) fn write_or_remember(&mut self, line: &str) {
        if self.failed.is_none() {
            self.failed = self.write(line).err();
        }
    }

    /// Returns the error that ended the record.
    pub(crate) const fn failed(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// The first error of the record.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)?;
        self.out.flush()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("lines", &self.lines).field("failed", &self.failed).finish_non_exhaustive()
    }
}

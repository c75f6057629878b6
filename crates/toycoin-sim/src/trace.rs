//! Trace of a run as JSON lines, and a hash over all of them.

use std::{fmt::Write as _, time::Duration};

/// Trace of a run. Every line enters the hash; the lines themselves are kept only on request.
#[derive(Debug)]
pub struct Trace {
    hasher: blake3::Hasher,
    lines: Option<String>,
    events: u64,
    line: String,
}

impl Trace {
    pub(crate) fn new(keep: bool) -> Self {
        Self { hasher: blake3::Hasher::new(), lines: keep.then(String::new), events: 0, line: String::new() }
    }

    /// Adds a line; `facts` is the inside of a JSON object.
    pub(crate) fn note(&mut self, now: Duration, facts: std::fmt::Arguments<'_>) {
        self.events += 1;
        self.line.clear();
        // writing to a string cannot fail
        let _ = writeln!(self.line, "{{\"n\":{},\"us\":{},{facts}}}", self.events, now.as_micros());
        self.hasher.update(self.line.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push_str(&self.line);
        }
    }

    /// Returns the number of lines so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the hash of all lines, in hex.
    pub fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// Returns the lines, if they were kept.
    pub fn lines(&self) -> Option<&str> {
        self.lines.as_deref()
    }
}

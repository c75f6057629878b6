//! Error of a program that is offline, or gives up waiting: exit code 3.

use std::{error::Error, fmt};

/// Nobody can be reached, nobody answered in time, or nobody proved a claim. The program ends with exit code 3 and this
/// sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveUp(String);

impl GaveUp {
    /// Returns the error with a sentence that says what was awaited, for how long, and what to do.
    pub const fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for GaveUp {}

//! A program's end for want of an answer: exit code 3.

use std::{error::Error, fmt};

/// Nobody answered in time, or nobody showed what he claims: the program ends with exit code 3 and this sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveUp(String);

impl GaveUp {
    /// Returns an end with a sentence that says what was waited for, how long, and what to do.
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

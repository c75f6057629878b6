//! Error of a program that was asked for what makes no sense: exit code 2.

use std::{error::Error, fmt};

/// The arguments are well formed, but they do not fit each other, or what they name. The program ends with exit code 2
/// and this sentence, as it does for arguments that it cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage(String);

impl Usage {
    /// Returns the error with a sentence that says which argument is wrong, and what to do.
    pub const fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

//! What a command says: lines for people, or one value of JSON for programs.

use std::fmt::Display;

use serde_json::Value;
use toycoin_examples::{say, tell};

/// How a command speaks. With `--json`, standard output has one value alone, and the lines go to standard error.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    is_json: bool,
}

impl Voice {
    /// Speaks JSON, or to people.
    pub const fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Says a line to people.
    pub fn line(self, line: impl Display) {
        if self.is_json { tell!("{line}") } else { say!("{line}") }
    }

    /// Says lines to people.
    pub fn lines(self, lines: impl IntoIterator<Item = impl Display>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    /// Gives the answer to programs. A command calls it once.
    pub fn answer(self, answer: &Value) {
        if self.is_json {
            say!("{answer}");
        }
    }

    /// Gives the answer to programs, and its lines to people on standard output.
    pub fn both(self, lines: impl IntoIterator<Item = impl Display>, answer: &Value) {
        match self.is_json {
            true => self.answer(answer),
            false => self.lines(lines),
        }
    }
}

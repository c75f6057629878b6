//! A node's present state in a line: kept up to date below everything else on a terminal, otherwise printed from time
//! to time.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{look::Look, say};

/// Time between two printed lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// A line about the present.
#[derive(Debug)]
pub struct StatusLine {
    /// On a terminal, what is drawn there.
    bar: Option<ProgressBar>,
    said_at: Instant,
}

impl StatusLine {
    /// Returns an empty line.
    pub fn new(look: Look) -> Self {
        let style = ProgressStyle::with_template("  {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: look.live.then(|| ProgressBar::new(0).with_style(style)), said_at: Instant::now() }
    }

    /// Shows the present state. Where there is no terminal, most calls print nothing.
    pub fn show(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None if self.said_at.elapsed() >= BETWEEN_LINES => {
                self.said_at = Instant::now();
                say!("  {text}");
            }
            None => {}
        }
    }

    /// Prints lines above it.
    pub fn print(&self, lines: &[String]) {
        let print = || lines.iter().for_each(|line| say!("{line}"));
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the line, until it is shown again.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("");
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

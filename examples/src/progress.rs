//! Progress of long work on standard error: a bar on a terminal, otherwise a line from time to time.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{output::has_bars, tell};

/// Shortest time before the first line, and between two lines, where there is no bar.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// A bar, or lines instead of one.
#[derive(Debug)]
pub struct Progress {
    what: String,
    bar: Option<ProgressBar>,
    said_at: Instant,
}

impl Progress {
    /// Begins to show work of this name. `template` is what follows the name on a terminal, for [`ProgressStyle`].
    ///
    /// # Errors
    /// If the template is wrong.
    pub fn new(what: &str, template: &str) -> Result<Self, Box<dyn Error>> {
        let style = ProgressStyle::with_template(&format!("{what} {template}"))?;
        let bar = has_bars().then(|| ProgressBar::new(0).with_style(style));
        Ok(Self { what: what.to_owned(), bar, said_at: Instant::now() })
    }

    /// Shows how much is done. `amount` says it in words, for a line.
    pub fn show(&mut self, done: u64, total: u64, message: &str, amount: impl FnOnce() -> String) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(message.to_owned());
            }
            None if self.said_at.elapsed() >= BETWEEN_LINES => {
                self.said_at = Instant::now();
                tell!("{}: {}", self.what, amount());
            }
            None => {}
        }
    }

    /// Does something that prints, above the bar if there is one.
    pub fn suspend(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

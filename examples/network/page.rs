//! The page on which the story is told: lines of at most 80 columns, above a progress bar.

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_examples::{
    block_row::Row,
    columns::wrap,
    look::{Colour, Look},
    say,
};

/// Lines, and on a terminal a bar that counts blocks.
#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    bar: ProgressBar,
}

impl Page {
    /// Returns an empty page whose bar ends at this height.
    pub(crate) fn new(look: Look, blocks: u64) -> Self {
        let bar = if look.live { ProgressBar::new(blocks) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{bar:40} block {pos} of {len}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars(look.bar()));
        Self { look, bar }
    }

    pub(crate) const fn look(&self) -> Look {
        self.look
    }

    /// Prints an empty line and a heading.
    pub(crate) fn heading(&self, text: &str) {
        self.print(&["".to_owned(), self.look.paint(Colour::Heading, text)]);
    }

    /// Prints the names of the table's columns.
    pub(crate) fn head(&self) {
        self.print(&[Row::head(self.look, "payments")]);
    }

    /// Prints a row of the table.
    pub(crate) fn row(&self, row: &Row) {
        self.print(&row.lines(self.look));
    }

    /// Prints prose below an indented beginning.
    pub(crate) fn prose(&self, first: &str, prose: &str) {
        self.print(&wrap(first, prose));
    }

    /// Prints prose in a colour.
    pub(crate) fn note(&self, colour: Colour, prose: &str) {
        let lines: Vec<_> = wrap("  ", prose).iter().map(|line| self.look.paint(colour, line)).collect();
        self.print(&lines);
    }

    /// Moves the bar to a height.
    pub(crate) fn reached(&self, height: u64) {
        self.bar.set_position(height.min(self.bar.length().unwrap_or(height)));
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn print(&self, lines: &[String]) {
        self.bar.suspend(|| lines.iter().for_each(|line| say!("{line}")));
    }
}

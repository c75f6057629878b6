//! The table of what two newcomers spent.

use toycoin_examples::{
    look::{Colour, Look},
    words::grouped,
};

use crate::newcomers::{Measured, Spent};

/// What each newcomer spent until it knew something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    rows: Vec<(&'static str, Option<Spent>, Spent)>,
}

impl Table {
    pub(crate) fn of(measured: Measured) -> Self {
        let Measured { full, tip, found, proved } = measured;
        Self {
            rows: vec![
                ("the tip, with its work", Some(full), tip),
                ("the payment", Some(full), found),
                ("a receipt to show to others", None, proved),
            ],
        }
    }

    /// Returns the lines, of less than 80 columns.
    pub(crate) fn lines(&self, look: Look) -> Vec<String> {
        let head = format!("{:<28}  {:>22}  {:>22}", "until it knows", "a full node", "a light client");
        let units = format!("{:<28}  {1:>11} {2:>10}  {1:>11} {2:>10}", "", "bytes", "ms");
        let mut lines = vec![look.paint(Colour::Faint, &head), look.paint(Colour::Faint, &units)];
        lines.extend(
            self.rows.iter().map(|(name, full, light)| format!("{name:<28}  {}  {}", cell(*full), cell(Some(*light)))),
        );
        lines
    }
}

fn cell(spent: Option<Spent>) -> String {
    spent.map_or_else(
        || format!("{:>22}", "-"),
        |Spent { bytes, time }| {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            format!("{:>11} {:>10}", grouped(bytes), grouped(ms))
        },
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_examples::columns::{WIDTH, width};

    use super::*;

    #[test]
    fn a_row_fits_80_columns_however_much_was_spent() {
        let spent = |bytes, ms| Spent { bytes, time: Duration::from_millis(ms) };
        let measured = Measured {
            full: spent(999_999_999, 99_999_999),
            tip: spent(61_234, 45),
            found: spent(70_000, 60),
            proved: spent(140_000, 75),
        };
        let lines = Table::of(measured).lines(Look::PLAIN);
        assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
        assert!(lines[2].ends_with("999,999,999 99,999,999       61,234         45"), "{}", lines[2]);
        assert!(lines[4].contains(" -  "), "{}", lines[4]);
    }
}

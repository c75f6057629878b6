//! Results as a table for people.

use std::fmt;

use super::number;
use crate::{
    attack::{Attack, Quantity},
    row::{Cell, Comparison, Row},
    setting::Setting,
};

/// The rows of an attack as a table of at most 80 columns, one block for each quantity.
///
/// Its columns are the parameters that differ between the rows or from the defaults, then the measured number with its
/// 95 % interval, and what theory expects.
pub struct Table<'a> {
    /// The attack.
    pub attack: &'a dyn Attack,
    /// Its rows.
    pub rows: &'a [Row],
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blocks = Vec::new();
        for (place, quantity) in self.attack.quantities().iter().enumerate() {
            let cells: Vec<_> = self.rows.iter().filter_map(|row| Some((row, row.cells.get(place)?))).collect();
            let says_something = |cell: &Cell| cell.measured.is_some() || cell.expected.iter().any(is_uncompared);
            if cells.iter().any(|(_, cell)| says_something(cell)) {
                blocks.push(self.block(quantity, &cells));
            }
        }
        f.write_str(&blocks.join("\n\n"))
    }
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("attack", &self.attack.name()).field("rows", &self.rows).finish()
    }
}

/// Widest line.
const WIDTH: usize = 80;

impl Table<'_> {
    /// Returns the block of one quantity.
    fn block(&self, quantity: &Quantity, cells: &[(&Row, &Cell)]) -> String {
        let parameters = self.parameters();
        let mut lines = vec![self.headings(&parameters, cells)];
        lines.extend(cells.iter().map(|(row, cell)| self.line(&parameters, row, cell)));
        let mut widths = Vec::new();
        for line in &lines {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        // what stands beside the theory is left out where there is no room for it
        let mut columns = widths.len();
        while widths.iter().take(columns).map(|width| width + 2).sum::<usize>() > WIDTH && columns > 1 {
            columns -= 1;
        }
        let mut text = format!("{}: {}", quantity.name, quantity.what);
        for line in lines {
            let cells = line.iter().zip(&widths).take(columns).map(|(cell, width)| format!("  {cell:>width$}"));
            text.push('\n');
            text.push_str(cells.collect::<String>().trim_end());
        }
        text
    }

    fn headings(&self, parameters: &[&str], cells: &[(&Row, &Cell)]) -> Vec<String> {
        let mut headings: Vec<String> = parameters.iter().map(|name| (*name).to_owned()).collect();
        headings.extend(self.has_defence().then(|| "defence".to_owned()));
        headings.extend(self.has_rules().then(|| "off".to_owned()));
        headings.push("measured".into());
        if cells.iter().any(|(_, cell)| cell.interval.is_some()) {
            headings.push("95 % interval".into());
        }
        headings.push("of".into());
        let expected = cells.iter().map(|(_, cell)| &cell.expected).max_by_key(|expected| expected.len());
        for (place, comparison) in expected.into_iter().flatten().enumerate() {
            headings.push(comparison.by.to_owned());
            headings.extend((place == 0).then(|| "off by".to_owned()));
        }
        headings
    }

    fn line(&self, parameters: &[&str], row: &Row, cell: &Cell) -> Vec<String> {
        let setting = &row.setting;
        let mut line: Vec<String> =
            parameters.iter().map(|name| number::parameter(self.attack, setting, name)).collect();
        line.extend(self.has_defence().then(|| setting.defence().unwrap_or("none").to_owned()));
        line.extend(self.has_rules().then(|| rules(setting)));
        line.push(number::decimals(cell.measured, cell.decimals));
        if self
            .rows
            .iter()
            .flat_map(|row| &row.cells)
            .any(|other| other.quantity == cell.quantity && other.interval.is_some())
        {
            line.push(cell.interval.map_or_else(String::new, |interval| {
                let shown = cell.decimals.saturating_sub(1);
                format!("{:.shown$} .. {:.shown$}", interval.low, interval.high)
            }));
        }
        line.push(cell.of.to_string());
        for (place, comparison) in cell.expected.iter().enumerate() {
            line.push(number::decimals(Some(comparison.value), cell.decimals));
            line.extend((place == 0).then(|| off_by(comparison)));
        }
        line
    }

    /// Returns the names of the parameters that say something: those that are not the same in all rows or not the
    /// default; the first one if there is none.
    fn parameters(&self) -> Vec<&'static str> {
        let says_something = |name: &str, default: f64| self.rows.iter().any(|row| row.setting.get(name) != default);
        let parameters = self.attack.parameters();
        let mut names: Vec<_> = parameters
            .iter()
            .enumerate()
            .filter(|(place, parameter)| *place == 0 || says_something(parameter.name, parameter.default))
            .map(|(_, parameter)| parameter.name)
            .collect();
        names.dedup();
        names
    }

    fn has_defence(&self) -> bool {
        self.rows.iter().any(|row| row.setting.defence().is_some())
    }

    fn has_rules(&self) -> bool {
        self.rows.iter().any(|row| !row.setting.off().is_empty())
    }
}

/// Returns how far a measured number lies from the expected one. Without a binding theory that means little, and is left
/// out.
fn off_by(comparison: &Comparison) -> String {
    if is_uncompared(comparison) {
        return "too few".into();
    }
    match comparison.off_by.filter(|_| comparison.binding) {
        Some(off) if off.abs() < 0.05 => "0.0 sd".into(),
        Some(off) if off.is_finite() => format!("{off:+.1} sd"),
        Some(_) => "never".into(),
        None => String::new(),
    }
}

/// Returns whether too few trials measured a number that a binding theory expects.
const fn is_uncompared(comparison: &Comparison) -> bool {
    comparison.binding && comparison.off_by.is_none()
}

/// Returns the rules that are switched off.
fn rules(setting: &Setting) -> String {
    let off = setting.off();
    if off.is_empty() {
        return "none".into();
    }
    off.iter().map(|rule| format!("R{:02}", rule.number())).collect::<Vec<_>>().join(",")
}

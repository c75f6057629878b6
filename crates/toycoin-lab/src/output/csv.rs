//! Results as comma-separated values.

use std::fmt;

use crate::{attack::Attack, row::Row};

/// The rows of an attack as CSV (RFC 4180), one line for each number, with a heading.
pub struct Csv<'a> {
    /// The attack.
    pub attack: &'a dyn Attack,
    /// Its rows.
    pub rows: &'a [Row],
}

impl fmt::Display for Csv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<_> = self.attack.parameters().iter().map(|parameter| parameter.name).collect();
        write!(
            f,
            "attack,{},defence,off,quantity,measured,low,high,of,by,expected,off_by,binding",
            parameters.join(",")
        )?;
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for row in self.rows {
            let setting = &row.setting;
            let values: Vec<_> = parameters.iter().map(|name| setting.get(name).to_string()).collect();
            let rules: Vec<_> = setting.off().iter().map(|rule| rule.name()).collect();
            let (values, rules) = (values.join(","), rules.join(" "));
            let start = format!("{},{values},{},{rules}", self.attack.name(), setting.defence().unwrap_or_default());
            for cell in &row.cells {
                let (low, high) = (cell.interval.map(|i| i.low), cell.interval.map(|i| i.high));
                let measured = format!("{},{},{},{}", number(cell.measured), number(low), number(high), cell.of);
                let start = format!("{start},{},{measured}", cell.quantity);
                if cell.expected.is_empty() {
                    write!(f, "\r\n{start},,,,")?;
                }
                for comparison in &cell.expected {
                    let (value, off, binding) = (comparison.value, number(comparison.off_by), comparison.binding);
                    write!(f, "\r\n{start},{},{value},{off},{binding}", comparison.by)?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Csv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csv").field("attack", &self.attack.name()).field("rows", &self.rows).finish()
    }
}

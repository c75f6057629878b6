//! Results as JSON.

use serde::Serialize;

use crate::row::Row;

/// The results of an attack with all that is needed to measure them again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report<'a> {
    /// The attack's name.
    pub attack: &'a str,
    /// Version of the crate.
    pub version: &'a str,
    /// The commit that was built, if it is known.
    pub commit: Option<&'a str>,
    /// The seed of the trials.
    pub seed: u64,
    /// The rows. Each has its parameters, defence and rules that were off.
    pub rows: &'a [Row],
}

impl Report<'_> {
    /// Returns the report as indented JSON. A number that is infinite becomes `null`.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("names and numbers are JSON")
    }
}

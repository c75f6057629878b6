//! How results are written: as a table, as CSV, as JSON, as a chart.

mod chart;
mod csv;
mod json;
mod number;
mod table;

pub use self::{chart::chart, csv::Csv, json::Report, table::Table};

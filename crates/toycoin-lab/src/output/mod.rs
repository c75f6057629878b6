//! How results are written: as a table, as CSV, as JSON.

mod csv;
mod json;
mod number;
mod table;

pub use self::{csv::Csv, json::Report, table::Table};

//! How results are written: as a table, as CSV, as JSON, as a chart, in words.

mod chart;
mod csv;
mod json;
mod number;
mod table;
mod words;

pub use self::{
    chart::chart,
    csv::Csv,
    json::Report,
    table::Table,
    words::{outcome_in_words, theory_in_words},
};

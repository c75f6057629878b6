//! A wallet's history: one row for each payment, as data and in plain words.

mod collect;
mod entry;
mod row;
mod text;
mod wanted;

pub use self::{
    collect::{light_rows, rows},
    row::{Change, Kind, Row},
    text::lines,
    wanted::Wanted,
};

#[cfg(test)]
mod tests;

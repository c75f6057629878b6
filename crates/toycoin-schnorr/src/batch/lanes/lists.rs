//! Lists of signed points, and their sums in rounds.
//!
//! In each round every list adds its neighbours in pairs. All pairs of all lists are independent, so the lanes add eight
//! of them at a time, and the whole round shares one inversion. Points stay where they are: a list names them by
//! [entries](Entry), and a sum becomes a new row of the table.
//!
//! ```text
//!   lists   a  b  c  │  d  │  e  f  g  h        pairs  a b, e f, g h   ─▶   rows  i  j  k
//!           i  c     │  d  │  j  k              pairs  i c, j k        ─▶   rows  l  m
//!           l        │  d  │  m
//! ```

use std::mem;

use crate::batch::lanes::{
    addition::{Entry, Work},
    vector_field::VectorField,
};

/// Lists of entries, one after the other.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) entries: Vec<Entry>,
    pub(super) lengths: Vec<usize>,
    /// Room for the entries of the next round.
    next: Vec<Entry>,
}

impl Lists {
    /// Removes all lists.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.lengths.clear();
    }

    /// Appends a list.
    pub(super) fn push(&mut self, list: impl IntoIterator<Item = Entry>) {
        let before = self.entries.len();
        self.entries.extend(list);
        self.lengths.push(self.entries.len() - before);
    }

    /// Returns the lists in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Entry]> {
        let mut rest = self.entries.as_slice();
        self.lengths.iter().map(move |length| {
            let (list, after) = rest.split_at(*length);
            rest = after;
            list
        })
    }

    /// Sums each list: at most one entry is left of it. An empty list is the identity.
    pub(super) fn sum<F: VectorField>(&mut self, unit: F, table: &mut Vec<F::Row>, work: &mut Work<F>) {
        while self.lengths.iter().any(|length| *length > 1) {
            self.add_neighbours(unit, table, work);
        }
    }

    /// Does one round: each list adds its neighbours in pairs.
    pub(super) fn add_neighbours<F: VectorField>(&mut self, unit: F, table: &mut Vec<F::Row>, work: &mut Work<F>) {
        let first_row = table.len();
        work.pairs.clear();
        self.next.clear();
        let mut rest = self.entries.as_slice();
        let mut sum = entry(first_row);
        for length in &mut self.lengths {
            let (list, after) = rest.split_at(*length);
            rest = after;
            let (pairs, single) = list.as_chunks();
            work.pairs.extend_from_slice(pairs);
            self.next.extend(pairs.iter().map(|_| {
                sum += 2;
                sum - 2
            }));
            self.next.extend_from_slice(single);
            *length = pairs.len() + single.len();
        }
        unit.add_pairs(table, work);
        mem::swap(&mut self.entries, &mut self.next);
        if !work.cancelled.is_empty() {
            self.drop_rows(first_row, &work.cancelled);
        }
    }

    /// Drops the entries of some rows, which are given as ascending offsets to the first new row.
    fn drop_rows(&mut self, first_row: usize, offsets: &[usize]) {
        self.next.clear();
        let mut rest = self.entries.as_slice();
        for length in &mut self.lengths {
            let (list, after) = rest.split_at(*length);
            rest = after;
            let before = self.next.len();
            self.next.extend(list.iter().filter(|entry| {
                let offset = row(**entry).checked_sub(first_row);
                offset.is_none_or(|offset| offsets.binary_search(&offset).is_err())
            }));
            *length = self.next.len() - before;
        }
        mem::swap(&mut self.entries, &mut self.next);
    }
}

/// Returns the entry of a row.
///
/// # Panics
/// When the table has 2^31 rows or more, which are 128 GiB.
pub(super) fn entry(row: usize) -> Entry {
    Entry::try_from(2 * row).expect("a table of fewer than 2^31 rows")
}

/// Returns the row that an entry names.
pub(super) const fn row(entry: Entry) -> usize {
    (entry >> 1) as usize
}

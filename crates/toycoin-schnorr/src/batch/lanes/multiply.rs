//! Sums of multiples of points by buckets, as on the portable path, with all additions in the lanes.
//!
//! Two passes differ from the portable path:
//!
//! - The rows of bucket sums are moved together after each run of windows. Otherwise the rows of all rounds would pile up
//!   and leave the core's cache.
//! - Halving the buckets and adding up those of odd number happen in the same rounds. A round costs an inversion, however
//!   few pairs it adds.

#![expect(clippy::indexing_slicing, reason = "buckets are numbered by digits, rows by entries")]

use k256::{AffinePoint, FieldBytes, ProjectivePoint, elliptic_curve::point::AffineCoordinates as _};

use crate::batch::{
    endomorphism::Half,
    lanes::{
        addition::{Entry, Work},
        lists::{Lists, entry, row},
        vector_field::VectorField,
        words::to_bytes,
    },
    windows::Windows,
};

/// Most entries that are summed at a time, so that their rows, 64 bytes each, stay in a core's cache. Half as many would
/// need more rounds; that costs 4 % of a batch of 1,024 on a Zen 5, and twice as many gain nothing.
const ENTRIES_AT_A_TIME: usize = 8_192;

/// Room for a sum, kept between calls: fresh memory would cost a fifth of the time of a large batch.
#[derive(Debug)]
pub(in crate::batch) struct Scratch<F: VectorField> {
    /// The points: those of the equation first, then sums.
    pub(super) table: Vec<F::Row>,
    work: Work<F>,
    lists: Lists,
    /// The digits of all scalars: window after window.
    digits: Vec<i16>,
    /// Where the entries of each bucket go.
    ends: Vec<usize>,
    /// The bucket sums of all windows.
    buckets: Vec<Option<Entry>>,
    /// The buckets of odd number: for each bit of a digit, one list per window.
    odd: Lists,
    moved: Vec<F::Row>,
}

impl<F: VectorField> Default for Scratch<F> {
    fn default() -> Self {
        Self {
            table: Vec::new(),
            work: Work::default(),
            lists: Lists::default(),
            digits: Vec::new(),
            ends: Vec::new(),
            buckets: Vec::new(),
            odd: Lists::default(),
            moved: Vec::new(),
        }
    }
}

impl<F: VectorField> Scratch<F> {
    /// Returns Σ kᵢPᵢ over all points of the table.
    pub(super) fn sum(&mut self, unit: F, scalars: &[Half], windows: Windows) -> ProjectivePoint {
        self.write_digits(scalars, windows);
        self.fill(unit, scalars.len(), windows);
        self.halve(unit, windows);
        self.join(unit, windows)
    }

    fn write_digits(&mut self, scalars: &[Half], windows: Windows) {
        self.digits.clear();
        self.digits.resize(windows.count() * scalars.len(), 0);
        for (place, scalar) in scalars.iter().enumerate() {
            let column = self.digits.iter_mut().skip(place).step_by(scalars.len());
            column.zip(windows.digits(*scalar)).for_each(|(to, digit)| *to = digit);
        }
    }

    /// Sums the buckets of each window, from bucket 1 on.
    fn fill(&mut self, unit: F, terms: usize, windows: Windows) {
        let at_a_time = (ENTRIES_AT_A_TIME / terms).max(1);
        self.buckets.clear();
        for digits in self.digits.chunks(at_a_time * terms) {
            self.lists.clear();
            for digits in digits.chunks(terms) {
                sort(digits, windows, &mut self.ends, &mut self.lists);
            }
            let kept = self.table.len();
            self.lists.sum(unit, &mut self.table, &mut self.work);
            self.moved.clear();
            self.buckets.extend(self.lists.iter().map(|list| {
                let sum = *list.first()?;
                if row(sum) < kept {
                    return Some(sum);
                }
                self.moved.push(self.table[row(sum)]);
                Some(entry(kept + self.moved.len() - 1))
            }));
            self.table.truncate(kept);
            self.table.extend_from_slice(&self.moved);
        }
    }

    /// Halves the buckets until none is left, and sums those of odd number:
    ///
    /// ```text
    ///   Σ b S_b  =  (S₁ + S₃ + S₅ + ..)  +  2 Σ b (S_2b + S_2b+1)
    /// ```
    fn halve(&mut self, unit: F, windows: Windows) {
        let Self { table, work, lists, buckets, odd, .. } = self;
        odd.clear();
        let mut width = windows.buckets();
        for _ in 0..windows.bits {
            for window in buckets.chunks(width.max(1)) {
                odd.push(window.iter().step_by(2).copied().flatten());
            }
            lists.clear();
            for window in buckets.chunks(width.max(1)) {
                // buckets 2 and 3, 4 and 5, ..
                window[1..].chunks(2).for_each(|pair| lists.push(pair.iter().copied().flatten()));
            }
            let halved = lists.lengths.len();
            odd.iter().for_each(|list| lists.push(list.iter().copied()));
            lists.add_neighbours(unit, table, work);
            width /= 2;
            buckets.clear();
            buckets.extend(lists.iter().take(halved).map(|list| list.first().copied()));
            odd.clear();
            lists.iter().skip(halved).for_each(|list| odd.push(list.iter().copied()));
        }
        odd.sum(unit, table, work);
    }

    /// Joins the sums of all bits, the highest first.
    fn join(&self, unit: F, windows: Windows) -> ProjectivePoint {
        let sums: Vec<_> = self.odd.iter().map(|list| list.first()).collect();
        let of_window = |window| sums.iter().skip(window).step_by(windows.count()).rev();
        let bits = (0..windows.count()).rev().flat_map(of_window);
        bits.skip_while(|sum| sum.is_none()).fold(ProjectivePoint::IDENTITY, |total, sum| {
            let doubled = total.double();
            sum.map_or(doubled, |sum| doubled + self.point(unit, *sum))
        })
    }

    /// Converts a point of the table to k256's coordinates.
    fn point(&self, unit: F, entry: Entry) -> AffinePoint {
        let rows = [self.table[row(entry)]; 8];
        let (x, y) = unit.coordinates(&rows);
        let [x, y] = [x, y].map(|coordinate| FieldBytes::from(to_bytes(&unit.store(&coordinate)[0])));
        let point = AffinePoint::from_coordinates(&x, &y).expect("a sum of points of the curve is on it");
        if entry & 1 == 1 { -point } else { point }
    }
}

/// Appends a list for each bucket from 1 on: a counting sort of the terms by their digits.
fn sort(digits: &[i16], windows: Windows, ends: &mut Vec<usize>, lists: &mut Lists) {
    let bucket = |digit: &i16| usize::from(digit.unsigned_abs());
    ends.clear();
    ends.resize(windows.buckets() + 1, 0);
    digits.iter().for_each(|digit| ends[bucket(digit)] += 1);
    lists.lengths.extend_from_slice(&ends[1..]);
    let zeros = ends[0];
    let mut end = lists.entries.len();
    lists.entries.resize(end + digits.len() - zeros, 0);
    for count in &mut ends[1..] {
        let begin = end;
        end += *count;
        *count = begin;
    }
    for (place, digit) in digits.iter().enumerate().filter(|(_, digit)| **digit != 0) {
        let next = &mut ends[bucket(digit)];
        lists.entries[*next] = entry(place) + Entry::from(*digit < 0);
        *next += 1;
    }
}

//! Sums of many short lists of points at a time.
//!
//! Adding two affine points takes 1 inversion and 3 multiplications. Inverting many numbers takes 1 inversion in all,
//! and 3 multiplications per number (Montgomery's trick). Independent additions therefore cost 6 multiplications each,
//! half as many as without inversions. The lists are summed in rounds. In each round every list adds its neighbours in
//! pairs, and all pairs of all lists share one inversion.
//!
//! ```text
//!   lengths   3          1    4                        2    1    2              1  1  1
//!   points    a  b  c    d    e    f    g    h   ─▶    a+b  c    d    e+f  g+h   ─▶  ...
//! ```
//!
//! Equal neighbours are doubled, and opposite ones cancel. An attacker can force both.

use crate::batch::portable::point::{Field, Point};

/// Lists of points, stored one after the other.
#[derive(Debug, Default)]
pub(in crate::batch) struct Segments {
    points: Vec<Point>,
    lengths: Vec<usize>,
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    /// The divisor of each pair, and later its inverse.
    inverses: Vec<Field>,
    products: Vec<Field>,
}

impl Segments {
    /// Removes all lists.
    pub(in crate::batch) fn clear(&mut self) {
        self.points.clear();
        self.lengths.clear();
    }

    /// Appends a list.
    pub(in crate::batch) fn push(&mut self, points: impl IntoIterator<Item = Point>) {
        let before = self.points.len();
        self.points.extend(points);
        self.lengths.push(self.points.len() - before);
    }

    /// Sums each list and returns the sums in order, `None` for the identity.
    pub(in crate::batch) fn sum(&mut self) -> impl Iterator<Item = Option<Point>> {
        while self.lengths.iter().any(|length| *length > 1) {
            self.add_neighbours();
        }
        let mut points = self.points.iter();
        self.lengths.iter().map(move |length| if *length == 0 { None } else { points.next().copied() })
    }

    /// Does one round: each list adds its neighbours in pairs.
    fn add_neighbours(&mut self) {
        let Self { points, lengths, scratch } = self;
        scratch.inverses.clear();
        scratch.inverses.extend(pairs(points, lengths).map(|(a, b)| a.distance(b)));
        // rare, so the search for pairs with the same x costs nothing in normal rounds
        let has_twins = !scratch.invert();
        if has_twins {
            scratch.inverses.clear();
            scratch.inverses.extend(pairs(points, lengths).map(|(a, b)| match Twins::new(a, b) {
                None => a.distance(b),
                Some(Twins::Equal) => (b.y + b.y).normalize_weak(),
                Some(Twins::Opposite) => Field::ONE,
            }));
            assert!(scratch.invert(), "a point's y is not zero, as the curve's order is odd");
        }

        // sums are written at or before the position of their pairs, never over points that are still to be read
        let (mut read, mut written) = (0, 0);
        let mut inverses = scratch.inverses.iter();
        for length in lengths {
            let (end, first) = (read + *length, written);
            while read < end {
                let sum = match points.get(read..end) {
                    Some([a, b, ..]) => {
                        let inverse = inverses.next().expect("an inverse for each pair");
                        match has_twins.then(|| Twins::new(a, b)).flatten() {
                            None => Some(a.add(b, inverse)),
                            Some(Twins::Equal) => Some(a.double(inverse)),
                            Some(Twins::Opposite) => None,
                        }
                    }
                    single => single.and_then(|single| single.first()).copied(),
                };
                read = (read + 2).min(end);
                if let (Some(sum), Some(place)) = (sum, points.get_mut(written)) {
                    *place = sum;
                    written += 1;
                }
            }
            *length = written - first;
        }
        points.truncate(written);
    }
}

/// Returns the pairs that a round adds.
fn pairs<'a>(points: &'a [Point], lengths: &'a [usize]) -> impl Iterator<Item = (&'a Point, &'a Point)> {
    let mut rest = points;
    lengths.iter().flat_map(move |length| {
        let (segment, after) = rest.split_at(*length);
        rest = after;
        segment.as_chunks().0.iter().map(|[a, b]| (a, b))
    })
}

/// Two points with the same x, whose addition formula would divide by zero.
enum Twins {
    Equal,
    Opposite,
}

impl Twins {
    fn new(a: &Point, b: &Point) -> Option<Self> {
        let have_one_x: bool = a.distance(b).normalizes_to_zero().into();
        have_one_x.then(|| if a.is_same_side(b) { Self::Equal } else { Self::Opposite })
    }
}

impl Scratch {
    /// Replaces all numbers by their inverses, with one inversion. Returns false, without any inverse, if one is zero.
    ///
    /// The numbers are multiplied in pairs first. That halves the chain of products, in which each waits for the one
    /// before.
    fn invert(&mut self) -> bool {
        self.products.clear();
        let mut product = Field::ONE;
        let (twos, last) = self.inverses.as_chunks_mut::<2>();
        for [a, b] in &*twos {
            self.products.push(product);
            product = product * (*a * b);
        }
        let last = last.first_mut();
        let before_last = product;
        if let Some(last) = &last {
            product = product * &**last;
        }
        let Some(mut inverse) = product.invert_vartime().into_option() else { return false };
        if let Some(last) = last {
            let next = inverse * &*last;
            *last = inverse * before_last;
            inverse = next;
        }
        for ([a, b], product) in twos.iter_mut().zip(&self.products).rev() {
            let of_both = inverse * product;
            inverse = inverse * (*a * &*b);
            (*a, *b) = (of_both * &*b, of_both * &*a);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use k256::{ProjectivePoint, Scalar};
    use proptest::prelude::*;

    use super::*;

    /// Returns a multiple of the generator, never the identity.
    fn multiple(number: i32) -> Point {
        let scalar = Scalar::from(number.unsigned_abs());
        let point = Point::from_affine(&(ProjectivePoint::GENERATOR * scalar).to_affine());
        if number < 0 { point.negated() } else { point }
    }

    fn check(lists: &[Vec<i32>]) {
        let mut segments = Segments::default();
        for list in lists {
            segments.push(list.iter().copied().map(multiple));
        }
        let sums: Vec<_> = segments.sum().collect();
        assert_eq!(sums.len(), lists.len());
        for (list, sum) in lists.iter().zip(sums) {
            let total: i32 = list.iter().sum();
            let expected = (total != 0).then(|| multiple(total).to_projective());
            assert_eq!(sum.map(|point| point.to_projective()), expected, "{list:?}");
        }
    }

    #[test]
    fn doubles_equal_neighbours_and_drops_opposite_ones() {
        check(&[vec![1, 1], vec![5, -5], vec![2, 3], vec![], vec![-4]]);
        check(&[vec![1, 1, 2, -4], vec![7; 9], vec![-7; 16]]);
        // what is left of a list after cancellation is added to the rest
        check(&[vec![1, -1, 2, -2, 3], vec![1, -1, 2], vec![3, 1, -1]]);
        check(&[vec![], vec![], vec![]]);
        check(&[]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn sums_lists_of_few_different_points(
            lists in prop::collection::vec(
                prop::collection::vec(prop_oneof![1..4_i32, -3..0_i32, 1..1_000_000_i32], 0..12), 0..8
            )
        ) {
            check(&lists);
        }
    }
}

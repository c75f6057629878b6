//! Sums of multiples of points, Σ kᵢPᵢ, by buckets (Pippenger, "On the Evaluation of Powers and Monomials", 1980).
//!
//! Each scalar is written in digits of w bits, from -2^(w-1) to 2^(w-1). A window is one position of digits. In each
//! window, every point goes into the bucket of its digit's magnitude, negated if the digit is negative. The result of a
//! window is Σ b S_b, where S_b is the sum of bucket b. It is halved repeatedly:
//!
//! ```text
//!   Σ b S_b  =  (S₁ + S₃ + S₅ + ..)  +  2 Σ b (S_2b + S_2b+1)
//! ```
//!
//! Each window thus gives w sums of odd buckets, one per bit. All these additions are independent of one another and
//! share inversions (`segments`). What remains is one point per bit of the scalars. These points are combined from the
//! highest bit down.

use k256::ProjectivePoint;

use crate::batch::{
    endomorphism::Half,
    portable::{point::Point, segments::Segments},
    windows::Windows,
};

/// Most points that are summed at a time, so that they and their scratch space stay in a core's cache.
const POINTS_AT_A_TIME: usize = 4_096;

/// Returns whether Σ kᵢPᵢ is the identity.
pub(in crate::batch) fn sum_is_identity(terms: &[(Point, Half)]) -> bool {
    sum(terms, Windows::for_terms(terms.len())) == ProjectivePoint::IDENTITY
}

fn sum(terms: &[(Point, Half)], windows: Windows) -> ProjectivePoint {
    let mut segments = Segments::default();
    let buckets = fill(terms, windows, &mut segments);
    let bits = halve(buckets, windows, &mut segments);
    bits.into_iter().rev().fold(ProjectivePoint::IDENTITY, |sum, point| {
        let doubled = sum.double();
        point.map_or(doubled, |point| doubled + point.to_projective())
    })
}

/// Returns the sums of each window's buckets, from bucket 1 on.
fn fill(terms: &[(Point, Half)], windows: Windows, segments: &mut Segments) -> Vec<Vec<Option<Point>>> {
    let mut digits = vec![Vec::with_capacity(terms.len()); windows.count()];
    for (_, scalar) in terms {
        for (window, digit) in digits.iter_mut().zip(windows.digits(*scalar)) {
            window.push(digit);
        }
    }
    let at_a_time = (POINTS_AT_A_TIME / terms.len().max(1)).max(1);
    let mut buckets = Vec::with_capacity(windows.count());
    for digits in digits.chunks(at_a_time) {
        segments.clear();
        for digits in digits {
            push_buckets(terms, digits, windows, segments);
        }
        let mut sums = segments.sum();
        buckets.extend(digits.iter().map(|_| sums.by_ref().take(windows.buckets()).collect::<Vec<_>>()));
    }
    buckets
}

/// Puts each term into the bucket of its digit.
fn push_buckets(terms: &[(Point, Half)], digits: &[i16], windows: Windows, segments: &mut Segments) {
    // a counting sort: first where each bucket begins, then its terms
    let mut ends = vec![0; windows.buckets() + 2];
    for digit in digits {
        if let Some(end) = ends.get_mut(usize::from(digit.unsigned_abs()) + 1) {
            *end += 1;
        }
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    let mut order = vec![(0, false); terms.len()];
    for (index, digit) in digits.iter().enumerate() {
        if let Some(place) = ends.get_mut(usize::from(digit.unsigned_abs())) {
            if let Some(entry) = order.get_mut(*place) {
                *entry = (index, *digit < 0);
            }
            *place += 1;
        }
    }
    let point = |(index, negative): &(usize, bool)| {
        let (point, _) = terms.get(*index)?;
        Some(if *negative { point.negated() } else { *point })
    };
    // after the second pass each entry is the end of its bucket; bucket 0 contributes nothing
    for bucket in ends.windows(2).take(windows.buckets()) {
        if let [begin, end] = bucket {
            segments.push(order.get(*begin..*end).unwrap_or_default().iter().filter_map(point));
        }
    }
}

/// Returns the sum for each bit of the scalars, the lowest first.
fn halve(mut buckets: Vec<Vec<Option<Point>>>, windows: Windows, segments: &mut Segments) -> Vec<Option<Point>> {
    // ordered by level, then by window
    let mut odd_buckets = Vec::with_capacity(windows.bits * windows.count());
    for _ in 0..windows.bits {
        segments.clear();
        for window in &mut buckets {
            odd_buckets.push(window.iter().step_by(2).copied().flatten().collect::<Vec<_>>());
            // buckets 2 and 3, 4 and 5, ..
            let others = window.get(1..).unwrap_or_default();
            others.chunks(2).for_each(|pair| segments.push(pair.iter().copied().flatten()));
        }
        let mut sums = segments.sum();
        for window in &mut buckets {
            let count = window.len() / 2;
            *window = sums.by_ref().take(count).collect();
        }
    }
    segments.clear();
    for window in 0..windows.count() {
        for odd in odd_buckets.iter().skip(window).step_by(windows.count()) {
            segments.push(odd.iter().copied());
        }
    }
    segments.sum().collect()
}

#[cfg(test)]
mod tests {
    use k256::Scalar;
    use proptest::prelude::*;

    use super::*;
    use crate::batch::windows::tests::half;

    fn scalar(half: Half) -> Scalar {
        let scalar = Scalar::from(half.magnitude);
        if half.negative { -scalar } else { scalar }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        // few different points and scalars, so that buckets meet equal and opposite points
        #[test]
        fn is_the_sum_of_multiples(
            terms in prop::collection::vec((prop_oneof![1..4_u32, 1..u32::MAX], half()), 0..24),
            bits in 2..=8_usize,
        ) {
            let terms: Vec<_> = terms
                .into_iter()
                .map(|(multiple, half)| (ProjectivePoint::GENERATOR * Scalar::from(multiple), half))
                .collect();
            let expected: ProjectivePoint = terms.iter().map(|(point, half)| *point * scalar(*half)).sum();
            let terms: Vec<_> =
                terms.iter().map(|(point, half)| (Point::from_affine(&point.to_affine()), *half)).collect();
            prop_assert_eq!(sum(&terms, Windows { bits }), expected);
            prop_assert_eq!(sum(&terms, Windows::for_terms(terms.len())), expected);
        }
    }
}

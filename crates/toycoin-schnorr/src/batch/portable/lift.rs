//! BIP-340's `lift_x`: points from x coordinates, several at a time.
//!
//! A square root is a chain of 253 squarings, each of which waits for the one before. Four chains in parallel take 0.7
//! times as long per root (measured: docs/performance.md).

use k256::FieldBytes;

use crate::batch::portable::point::{Field, Point};

/// The number of chains that run in parallel.
const LANES: usize = 4;

/// Returns for each x the point with an even y. Returns `None` if an x is not on the curve or not below the field's
/// order.
pub(in crate::batch) fn lift_all(xs: &[&[u8; 32]]) -> Option<Vec<Point>> {
    let mut points = Vec::with_capacity(xs.len());
    let (groups, rest) = xs.as_chunks::<LANES>();
    for group in groups {
        points.extend(lift(group)?);
    }
    for x in rest {
        points.extend(lift(&[x])?);
    }
    Some(points)
}

/// Computes `y = (x³ + 7)^((p + 1) / 4)`, or its negative.
fn lift<const N: usize>(bytes: &[&[u8; 32]; N]) -> Option<[Point; N]> {
    let mut xs = [Field::ZERO; N];
    for (x, bytes) in xs.iter_mut().zip(bytes) {
        *x = Field::from_bytes(&FieldBytes::from(**bytes)).into_option()?;
    }
    let squares = xs.map(|x| (x.square() * &x + Field::from_u64(7)).normalize_weak());
    let roots = square_roots(&squares);
    let mut points = xs.map(|x| Point { x, y: Field::ZERO });
    for ((point, root), square) in points.iter_mut().zip(roots).zip(squares) {
        if !bool::from((root.square().negate(1) + square).normalizes_to_zero()) {
            return None;
        }
        let root = root.normalize();
        point.y = if root.is_odd().into() { root.negate(1).normalize() } else { root };
    }
    Some(points)
}

/// Raises each number to the power (p + 1) / 4. This is a root of each number that is a square, since p = 3 mod 4. The
/// bits of the exponent are blocks of 223, 22 and 2 ones. The addition chain is that of libsecp256k1 (`field_impl.h`)
/// and of k256.
fn square_roots<const N: usize>(a: &[Field; N]) -> [Field; N] {
    let x2 = then(a, 1, a);
    let x3 = then(&x2, 1, a);
    let x6 = then(&x3, 3, &x3);
    let x9 = then(&x6, 3, &x3);
    let x11 = then(&x9, 2, &x2);
    let x22 = then(&x11, 11, &x11);
    let x44 = then(&x22, 22, &x22);
    let x88 = then(&x44, 44, &x44);
    let x176 = then(&x88, 88, &x88);
    let x220 = then(&x176, 44, &x44);
    let x223 = then(&x220, 3, &x3);
    let x = then(&then(&x223, 23, &x22), 6, &x2);
    x.map(|x| x.square().square())
}

/// Squares `squarings` times, then multiplies.
fn then<const N: usize>(base: &[Field; N], squarings: usize, factors: &[Field; N]) -> [Field; N] {
    let mut powers = *base;
    for _ in 0..squarings {
        for power in &mut powers {
            *power = power.square();
        }
    }
    for (power, factor) in powers.iter_mut().zip(factors) {
        *power = *power * factor;
    }
    powers
}

#[cfg(test)]
mod tests {
    use k256::{
        AffinePoint, U256,
        elliptic_curve::point::{AffineCoordinates as _, DecompactPoint as _},
    };
    use proptest::prelude::*;

    use super::*;

    /// The lift of k256, which single verification uses.
    fn decompact(x: &[u8; 32]) -> Option<([u8; 32], [u8; 32])> {
        let point = AffinePoint::decompact(&FieldBytes::from(*x)).into_option()?;
        Some((point.x().into(), point.y().into()))
    }

    fn lifted(x: &[u8; 32]) -> Option<([u8; 32], [u8; 32])> {
        let points = lift_all(&[x])?;
        Some((points[0].x.to_bytes().into(), points[0].y.to_bytes().into()))
    }

    #[test]
    fn lifts_small_and_huge_numbers_as_k256_does() {
        let order = U256::from_be_hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
        let order: [u8; 32] = order.to_be_bytes().into();
        for i in 0..=255 {
            let (mut small, mut huge) = ([0; 32], order);
            small[31] = i;
            huge[31] = i;
            for x in [small, huge, [i; 32]] {
                assert_eq!(lifted(&x), decompact(&x), "{x:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn lifts_what_k256_lifts(xs in prop::collection::vec(any::<[u8; 32]>(), 0..12)) {
            for x in &xs {
                prop_assert_eq!(lifted(x), decompact(x));
            }
            let good: Vec<_> = xs.iter().filter(|x| decompact(x).is_some()).collect();
            let points = lift_all(&good).unwrap();
            for (x, point) in good.iter().zip(points) {
                prop_assert_eq!((point.x.to_bytes().into(), point.y.to_bytes().into()), decompact(x).unwrap());
            }
            prop_assert_eq!(lift_all(&xs.iter().collect::<Vec<_>>()).is_some(), good.len() == xs.len());
        }
    }
}

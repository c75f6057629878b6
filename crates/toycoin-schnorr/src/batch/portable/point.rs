//! Points in affine coordinates, and their addition when an inverse is given.

use std::sync::LazyLock;

use k256::{
    AffinePoint, ProjectivePoint, Secp256k1, U256,
    elliptic_curve::{hazmat::FieldArithmetic, point::AffineCoordinates},
};

/// An element of the field, by k256, which normalises it lazily: an addition adds magnitudes, a multiplication takes
/// magnitudes up to 8 and returns 1. k256 checks that in builds with debug assertions.
pub(in crate::batch) type Field = <Secp256k1 as FieldArithmetic>::FieldElement;

/// A point other than the identity. Its x has magnitude 1, its y at most 2.
#[derive(Debug, Clone, Copy)]
pub(in crate::batch) struct Point {
    pub(in crate::batch) x: Field,
    pub(in crate::batch) y: Field,
}

impl Point {
    /// Returns the generator.
    pub(in crate::batch) fn generator() -> Self {
        Self::from_affine(&AffinePoint::GENERATOR)
    }

    /// Converts a point of k256, which must not be the identity.
    pub(in crate::batch) fn from_affine(point: &AffinePoint) -> Self {
        let read = |bytes| Field::from_bytes(&bytes).expect("a coordinate is below the field's order");
        Self { x: read(point.x()), y: read(point.y()) }
    }

    /// Converts the point to k256's projective coordinates.
    pub(in crate::batch) fn to_projective(self) -> ProjectivePoint {
        let point = AffinePoint::from_coordinates(&self.x.to_bytes(), &self.y.to_bytes());
        ProjectivePoint::from(point.expect("a sum of points of the curve is on it"))
    }

    /// Returns λ times the point: its x times β, a cube root of 1.
    pub(in crate::batch) fn endomorphism(&self) -> Self {
        static BETA: LazyLock<Field> = LazyLock::new(|| {
            let beta = U256::from_be_hex("7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee");
            Field::from_bytes(&<[u8; 32]>::from(beta.to_be_bytes()).into()).expect("a number below the field's order")
        });
        Self { x: self.x * &*BETA, y: self.y }
    }

    /// Returns the negative of the point.
    pub(in crate::batch) fn negated(&self) -> Self {
        Self { x: self.x, y: self.y.negate(1) }
    }

    /// Returns the divisor of an addition, `x₂ - x₁`. It is zero for equal and for opposite points.
    pub(in crate::batch) fn distance(&self, other: &Self) -> Field {
        other.x + self.x.negate(1)
    }

    /// Returns the sum. `inverse` is the inverse of the [`distance`](Self::distance).
    pub(in crate::batch) fn add(&self, other: &Self, inverse: &Field) -> Self {
        let slope = (other.y + self.y.negate(2)) * inverse;
        self.chord(other, &slope)
    }

    /// Returns twice the point. `inverse` is the inverse of 2y.
    pub(in crate::batch) fn double(&self, inverse: &Field) -> Self {
        let slope = self.x.square().mul_single(3) * inverse;
        self.chord(self, &slope)
    }

    /// Returns whether another point with the same x is the same point instead of its negative.
    pub(in crate::batch) fn is_same_side(&self, other: &Self) -> bool {
        (other.y + self.y.negate(2)).normalizes_to_zero().into()
    }

    /// Returns the third intersection of the curve with the line of this slope through both points, negated.
    fn chord(&self, other: &Self, slope: &Field) -> Self {
        let x = (slope.square() + (self.x + other.x).negate(2)).normalize_weak();
        let y = (*slope * (self.x + x.negate(1)) + self.y.negate(2)).normalize_weak();
        Self { x, y }
    }
}

//! Scalars of half the length, by the endomorphism of secp256k1: k P = k₁ P + k₂ λP with |k₁|, |k₂| < 2^128.
//!
//! secp256k1 has a map that costs one multiplication, λ(x, y) = (βx, y). Gallant, Lambert and Vanstone ("Faster Point
//! Multiplication on Elliptic Curves with Efficient Endomorphisms", 2001) use it to split a scalar k. Take the short
//! vectors (a₁, b₁), (a₂, b₂) of the lattice of all (a, b) with a + bλ = 0 mod n, and c₁ = round(b₂k / n), c₂ =
//! round(-b₁k / n). Then k₂ = -c₁b₁ - c₂b₂ and k₁ = k - k₂λ are short.
//!
//! The two divisions are multiplications by g₁ = round(2^384 b₂ / n) and g₂ = round(2^384 (-b₁) / n), and a shift. The
//! numbers are those of libsecp256k1 (`scalar_impl.h`), which proves the bound. The same split is private in k256.

use k256::{
    Scalar, U256,
    elliptic_curve::{ops::Reduce, scalar::IsHigh},
};

/// The constant -λ.
const MINUS_LAMBDA: U256 = U256::from_be_hex("ac9c52b33fa3cf1f5ad9e3fd77ed9ba4a880b9fc8ec739c2e0cfc810b51283cf");
/// The constant -b₁.
const MINUS_B1: u128 = 0xe443_7ed6_010e_8828_6f54_7fa9_0abf_e4c3;
/// The constant b₂.
const B2: u128 = 0x3086_d221_a7d4_6bcd_e86c_90e4_9284_eb15;
/// The constant g₁ = round(2^384 b₂ / n).
const G1: U256 = U256::from_be_hex("3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031");
/// The constant g₂ = round(2^384 (-b₁) / n).
const G2: U256 = U256::from_be_hex("e4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71");

/// A scalar between -2^128 and 2^128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Half {
    pub(super) magnitude: u128,
    pub(super) negative: bool,
}

impl Half {
    pub(super) const fn positive(magnitude: u128) -> Self {
        Self { magnitude, negative: false }
    }

    /// Converts a scalar that is below 2^128 itself, or whose negative is.
    fn new(scalar: Scalar) -> Self {
        let negative = scalar.is_high().into();
        let number = U256::from(if negative { -scalar } else { scalar });
        let bytes = number.to_le_bytes();
        let (low, _) = bytes.as_ref().split_first_chunk().expect("a scalar has 32 bytes");
        Self { magnitude: u128::from_le_bytes(*low), negative }
    }
}

/// Returns k₁ and k₂ with k = k₁ + k₂λ.
pub(super) fn split(scalar: &Scalar) -> [Half; 2] {
    let number = U256::from(scalar);
    let c1 = Scalar::from(divided(&number, &G1));
    let c2 = Scalar::from(divided(&number, &G2));
    let k2 = c1 * Scalar::from(MINUS_B1) - c2 * Scalar::from(B2);
    let k1 = scalar + &(k2 * Scalar::reduce(&MINUS_LAMBDA));
    [Half::new(k1), Half::new(k2)]
}

/// Returns round(a b / 2^384).
fn divided(a: &U256, b: &U256) -> u128 {
    let (_, high) = a.widening_mul(b);
    let bytes = high.to_le_bytes();
    let (low, high) = bytes.as_ref().split_first_chunk().expect("32 bytes");
    let high = high.first_chunk().expect("16 bytes more");
    u128::from_le_bytes(*high) + (u128::from_le_bytes(*low) >> 127)
}

#[cfg(test)]
mod tests {
    use k256::{ProjectivePoint, elliptic_curve::ff::PrimeField as _};
    use proptest::prelude::*;

    use super::*;

    fn joined([k1, k2]: [Half; 2]) -> Scalar {
        let signed = |half: Half| {
            let scalar = Scalar::from(half.magnitude);
            if half.negative { -scalar } else { scalar }
        };
        signed(k1) - signed(k2) * Scalar::reduce(&MINUS_LAMBDA)
    }

    /// Checks that the halves add up to the scalar. Each keeps only 128 bits, so a cut would show in the sum.
    fn check(scalar: Scalar) {
        assert_eq!(joined(split(&scalar)), scalar);
    }

    #[test]
    fn lambda_is_what_k256_s_endomorphism_multiplies_by() {
        let point = ProjectivePoint::GENERATOR * Scalar::from(7_u32);
        assert_eq!(point * -Scalar::reduce(&MINUS_LAMBDA), point.endomorphism());
    }

    #[test]
    fn splits_the_scalars_at_the_edges() {
        let lambda = -Scalar::reduce(&MINUS_LAMBDA);
        let half = Scalar::TWO_INV;
        let edges = [Scalar::ZERO, Scalar::ONE, lambda, half, half - Scalar::ONE, Scalar::from(u128::MAX)];
        for edge in edges {
            for step in [-Scalar::ONE, Scalar::ZERO, Scalar::ONE] {
                check(edge + step);
                check(-(edge + step));
                check(lambda * (edge + step));
            }
        }
    }

    proptest! {
        #[test]
        fn splits_any_scalar(bytes: [u8; 32]) {
            check(Scalar::reduce(&U256::from_be_slice(&bytes)));
        }
    }
}

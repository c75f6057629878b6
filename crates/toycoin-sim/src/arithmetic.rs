//! Natural logarithm and exponential function with the same result on every machine.
//!
//! They consist of additions, multiplications and divisions, whose results IEEE 754 fixes to the last bit. IEEE 754
//! does not fix a platform's `ln` and `exp`. It does fix the square root, so `f64::sqrt` may be used beside them.

use std::f64::consts::LN_2;

/// Returns the natural logarithm of a number in the range `(0, 1]`.
pub(crate) fn ln(x: f64) -> f64 {
    // x = m * 2^-k with m in (0.5, 1], then ln m = 2 artanh((m - 1) / (m + 1))
    let (mut mantissa, mut halvings) = (x, 0.0);
    while mantissa <= 0.5 {
        mantissa *= 2.0;
        halvings += 1.0;
    }
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut term, mut sum, mut odd) = (z, 0.0, 1.0);
    while odd < 41.0 {
        sum += term / odd;
        term *= z * z;
        odd += 2.0;
    }
    2.0 * sum - halvings * LN_2
}

/// Returns `e` to the power `x`. Values of `x` outside `-700..=700` are clamped to that range.
pub(crate) fn exp(x: f64) -> f64 {
    // x = k ln 2 + r with |r| at most half of ln 2, then e^x = 2^k e^r
    let x = x.clamp(-700.0, 700.0);
    let doublings = (x / LN_2).round();
    let rest = x - doublings * LN_2;
    let (mut term, mut sum, mut n) = (1.0, 1.0, 1.0);
    while n < 20.0 {
        term *= rest / n;
        sum += term;
        n += 1.0;
    }
    let (mut left, step) = (doublings.abs(), if doublings < 0.0 { 0.5 } else { 2.0 });
    while left > 0.0 {
        sum *= step;
        left -= 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for x in [1.0, 0.999, 0.75, 0.5, 0.1, 1e-9, 1.0 / (1u64 << 53) as f64] {
            assert!((ln(x) - x.ln()).abs() <= 1e-12 * x.ln().abs().max(1.0), "{x}");
        }
    }

    #[test]
    fn the_exponential_is_one() {
        for x in [0.0, 1.0, -1.0, 0.3, -0.3466, 12.5, -36.7, 600.0, -600.0] {
            assert!((exp(x) / x.exp() - 1.0).abs() <= 1e-12, "{x}");
        }
        assert_eq!(exp(1e9), exp(700.0));
    }
}

//! Special functions: the logarithm of the gamma function, and the incomplete beta function.

use std::f64::consts::PI;

/// Returns the natural logarithm of the gamma function of a positive number; infinite at 0.
///
/// Source: Stirling's series (Abramowitz & Stegun 1964, 6.1.41), after the argument was shifted to where it converges.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    // Γ(x + 1) = x Γ(x)
    let (mut x, mut shift) = (x, 1.0);
    while x < SERIES_FROM {
        shift *= x;
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - shift.ln()
}

/// Returns the regularised incomplete beta function `I_x(a, b)` for `x` from 0 to 1 and positive `a` and `b`.
///
/// Source: continued fraction of Abramowitz & Stegun 1964, 26.5.8, evaluated by Lentz's method.
pub(crate) fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // the fraction converges fast below this point; above it the other tail does
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_tail(1.0 - x, b, a);
    }
    beta_tail(x, a, b)
}

/// Returns `I_x(a, b)` by its continued fraction.
fn beta_tail(x: f64, a: f64, b: f64) -> f64 {
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    // Lentz: `c` and `d` are ratios of successive numerators and denominators
    let nonzero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..MAX_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for numerator in [even, odd] {
            d = 1.0 / nonzero(1.0 + numerator * d);
            c = nonzero(1.0 + numerator / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0_f64).abs() < f64::EPSILON {
            break;
        }
    }
    (front * fraction).min(1.0)
}

/// Number from which four terms of Stirling's series give all digits of an `f64`.
const SERIES_FROM: f64 = 16.0;
/// Stands for a zero denominator in Lentz's method.
const TINY: f64 = 1e-300;
/// Most steps of the continued fraction. It needs about the square root of the larger argument.
const MAX_STEPS: u32 = 100_000;

#[cfg(test)]
mod tests {
    use super::{beta, ln_gamma};

    #[test]
    fn ln_gamma_is_that_of_factorials_and_of_a_half() {
        let mut factorial = 1.0_f64;
        for n in 1..=20_u32 {
            factorial *= f64::from(n);
            let expected = factorial.ln();
            assert!((ln_gamma(f64::from(n + 1)) - expected).abs() <= 1e-13 * expected.max(1.0), "{n}!");
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-13);
        assert_eq!(ln_gamma(0.0), f64::INFINITY);
    }

    #[test]
    fn beta_is_a_binomial_tail() {
        // I_p(k, n - k + 1) is the chance of k or more hits in n: summed here term by term
        for (n, p) in [(1_u32, 0.3_f64), (10, 0.5), (30, 0.1), (200, 0.37)] {
            for k in 1..=n {
                let mut choose = 1.0;
                let mut tail = 0.0;
                for hits in 0..=n {
                    if hits >= k {
                        tail += choose * p.powf(hits.into()) * (1.0 - p).powf((n - hits).into());
                    }
                    choose *= f64::from(n - hits) / f64::from(hits + 1);
                }
                let value = beta(p, k.into(), (n - k + 1).into());
                assert!((value - tail).abs() <= 1e-12 + 1e-9 * tail, "n {n}, p {p}, k {k}: {value} {tail}");
            }
        }
    }

    #[test]
    fn beta_of_large_arguments_is_symmetric() {
        assert!((beta(0.5, 1e6, 1e6) - 0.5).abs() < 1e-7);
        assert_eq!(beta(0.0, 3.0, 4.0), 0.0);
        assert_eq!(beta(1.0, 3.0, 4.0), 1.0);
    }
}

//! Quantiles of a sample.

/// Returns a quantile of a sample, `p` from 0 (the smallest) over 0.5 (the median) to 1 (the largest).
///
/// Between two values it interpolates linearly. There is no quantile of an empty sample, of one with a NaN, or for a
/// `p` out of range.
///
/// Source: definition 7 of Hyndman & Fan 1996, "Sample quantiles in statistical packages".
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a sample is far smaller than 2^53")]
    let place = p * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the sample's length")]
    let below = place as usize;
    let low = *sorted.get(below)?;
    match sorted.get(below + 1) {
        // equal values may be infinite, and their difference NaN
        Some(high) if *high != low && place.fract() > 0.0 => Some(low + (high - low) * place.fract()),
        _ => Some(low),
    }
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_interpolate_between_values() {
        let values = [40.0, 10.0, 30.0, 20.0];

        assert_eq!(quantile(&values, 0.0), Some(10.0));
        assert_eq!(quantile(&values, 0.5), Some(25.0));
        assert!((quantile(&values, 0.9).unwrap() - 37.0).abs() < 1e-12);
        assert_eq!(quantile(&values, 1.0), Some(40.0));
        assert_eq!(quantile(&[7.0], 0.9), Some(7.0));
    }

    #[test]
    fn what_has_no_order_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
        assert_eq!(quantile(&[f64::INFINITY; 3], 0.3), Some(f64::INFINITY));
    }
}

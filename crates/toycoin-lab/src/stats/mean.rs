//! A mean of measured values.

use super::{Interval, sigmas, student};

/// Mean and variance of values that arrive one by one. All values must be finite.
///
/// Source of the recurrence: Welford 1962, "Note on a method for calculating corrected sums of squares and products".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    count: u64,
    mean: f64,
    /// Sum of the squared distances from the mean.
    squares: f64,
}

impl Mean {
    /// Returns the mean of one long chain of values, each of which may depend on those before it.
    ///
    /// The chain is cut into [`BATCHES`] equal batches, and the batches' means are taken as independent values. That
    /// holds if a batch is much longer than the chain's memory. What does not fill a batch is left out at the
    /// beginning. There is no mean of fewer than [`BATCHES`] values.
    pub fn of_batches(values: &[f64]) -> Option<Self> {
        let length = values.len() / BATCHES;
        if length == 0 {
            return None;
        }
        let (_, values) = values.split_at(values.len() % BATCHES);
        Some(values.chunks_exact(length).map(|batch| batch.iter().copied().collect::<Self>().mean).collect())
    }

    /// Adds a value.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.float_count();
        self.squares += distance * (value - self.mean);
    }

    /// Returns the number of values.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the mean. There is none without values.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Returns the standard deviation of one value, estimated with n - 1. There is none of fewer than 2 values.
    pub fn deviation(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.float_count() - 1.0)).sqrt())
    }

    /// Returns the standard error of the mean. There is none of fewer than 2 values.
    pub fn standard_error(&self) -> Option<f64> {
        self.deviation().map(|deviation| deviation / self.float_count().sqrt())
    }

    /// Returns Student's t interval of the mean. There is none of fewer than 2 values.
    ///
    /// Source: "Student" (Gosset) 1908, "The probable error of a mean".
    ///
    /// # Panics
    /// Unless `confidence` lies between 0 and 1.
    #[track_caller]
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = student::critical(confidence, (self.float_count() - 1.0).max(1.0)) * self.standard_error()?;
        Some(Interval { low: self.mean - half, high: self.mean + half })
    }

    /// Returns how many standard deviations the mean lies above an expected one, below 0 if it lies below.
    ///
    /// The t statistic is turned into the normal standard deviations of the same p value: with few values t strays
    /// further. Values that are all equal agree, within rounding, or are infinitely far. There is no distance of fewer
    /// than 2 values.
    pub fn off_by(&self, expected: f64) -> Option<f64> {
        let error = self.standard_error()?;
        let difference = self.mean - expected;
        if difference.abs() <= ROUNDING * expected.abs().max(self.mean.abs()) {
            return Some(0.0);
        }
        let p = student::two_sided(difference / error, self.float_count() - 1.0);
        // a p value below the smallest f64 is no certainty: the plain ratio says enough
        let distance = if p > 0.0 { sigmas(p) } else { (difference / error).abs() };
        Some(distance.copysign(difference))
    }

    /// Returns the number of values as `f64`.
    #[expect(clippy::cast_precision_loss, reason = "counts of values are far below 2^53")]
    const fn float_count(&self) -> f64 {
        self.count as f64
    }
}

impl FromIterator<f64> for Mean {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut mean = Self::default();
        values.into_iter().for_each(|value| mean.push(value));
        mean
    }
}

/// Number of batches into which one long chain is cut.
pub const BATCHES: usize = 20;
/// Relative difference that is rounding and no distance.
const ROUNDING: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BATCHES, Mean};

    /// Ten numbers with known moments.
    const TEN: [f64; 10] = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, 1.0, 9.0];

    #[test]
    fn mean_and_deviation_of_known_values() {
        let mean: Mean = TEN.into_iter().collect();

        assert_eq!((mean.count(), mean.value()), (10, Some(5.0)));
        // squares: 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 + 16 + 16 = 64
        assert!((mean.deviation().unwrap() - (64.0_f64 / 9.0).sqrt()).abs() < 1e-12);
        assert!((mean.standard_error().unwrap() - (64.0_f64 / 90.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn t_interval_is_the_published_one() {
        // NIST/SEMATECH e-Handbook, 1.3.5.2: 195 values, mean 9.261460, sd 0.0227881: 9.258242 to 9.264679
        let (n, centre, deviation) = (195, 9.261_460, 0.022_788_1);
        let mean = Mean { count: n, mean: centre, squares: deviation * deviation * 194.0 };
        let interval = mean.interval(0.95).unwrap();

        assert!((interval.low - 9.258_242).abs() < 2e-6, "{interval:?}");
        assert!((interval.high - 9.264_679).abs() < 2e-6, "{interval:?}");
    }

    #[test]
    fn few_values_have_no_interval() {
        let one: Mean = [3.0].into_iter().collect();

        assert_eq!(Mean::default().value(), None);
        assert_eq!((one.value(), one.interval(0.95), one.off_by(3.0)), (Some(3.0), None, None));
    }

    #[test]
    fn off_by_of_few_values_is_less_than_their_t() {
        let mean: Mean = TEN.into_iter().collect();
        let t = 5.0 - 2.0;
        let t = t / mean.standard_error().unwrap();
        let off = mean.off_by(2.0).unwrap();

        // t of 3.558 with 9 degrees: p = 0.0061, which is 2.74 sd of a normal distribution
        assert!((t - 3.558).abs() < 1e-3 && (off - 2.74).abs() < 0.01, "{t} {off}");
        assert!(mean.off_by(8.0).unwrap() < -2.7);
    }

    #[test]
    fn off_by_of_equal_values_is_0_or_infinite() {
        let mean: Mean = [0.1 + 0.2; 5].into_iter().collect();

        assert_eq!(mean.off_by(0.3), Some(0.0));
        assert_eq!(mean.off_by(0.2), Some(f64::INFINITY));
        assert_eq!(mean.off_by(0.4), Some(f64::NEG_INFINITY));
    }

    #[test]
    fn batches_leave_out_what_fills_none() {
        let mut values = vec![1_000.0; 3];
        values.extend((0..BATCHES * 2).map(|index| if index % 2 == 0 { 1.0 } else { 3.0 }));
        let mean = Mean::of_batches(&values).unwrap();

        // each batch is one 1 and one 3
        assert_eq!((mean.count(), mean.value(), mean.deviation()), (20, Some(2.0), Some(0.0)));
        assert_eq!(Mean::of_batches(&values[..BATCHES - 1]), None);
    }

    #[test]
    fn batches_see_the_memory_of_a_chain() {
        // runs of 50 equal values, which a generator of Numerical Recipes draws (m = 2^32, a = 1664525, c = 1013904223)
        let mut state = 1_u32;
        let runs = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 16)
        });
        let values: Vec<_> = runs.take(400).flat_map(|value| [value; 50]).collect();
        let naive = values.iter().copied().collect::<Mean>().standard_error().unwrap();
        let batched = Mean::of_batches(&values).unwrap().standard_error().unwrap();

        // independent values would claim an error that is too small by the square root of 50
        assert!((4.0..12.0).contains(&(batched / naive)), "{naive} {batched}");
    }

    proptest! {
        #[test]
        fn mean_lies_in_its_interval(values in prop::collection::vec(-1e6..1e6, 2..50), confidence in 0.5..0.999) {
            let mean: Mean = values.iter().copied().collect();
            let plain = values.iter().sum::<f64>() / values.len() as f64;

            prop_assert!((mean.value().unwrap() - plain).abs() < 1e-6);
            prop_assert!(mean.interval(confidence).unwrap().contains(mean.value().unwrap()));
        }
    }
}

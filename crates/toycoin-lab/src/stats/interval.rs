//! An interval in which a measured number lies.

use serde::Serialize;

/// The interval in which a number lies with some confidence, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end, not below the lower end.
    pub high: f64,
}

impl Interval {
    /// Returns whether a number lies inside. NaN does not.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns half of the interval's width: the `x` of "+-x".
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// Panics unless a confidence is a number between 0 and 1, both excluded.
#[track_caller]
pub(super) fn assert_confidence(confidence: f64) {
    assert!(0.0 < confidence && confidence < 1.0, "a confidence lies between 0 and 1, not {confidence}");
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn interval_contains_its_ends_and_no_nan() {
        let interval = Interval { low: 1.0, high: 2.0 };

        assert!(interval.contains(1.0) && interval.contains(2.0));
        assert!(!interval.contains(0.999) && !interval.contains(2.001) && !interval.contains(f64::NAN));
        assert_eq!(interval.half_width(), 0.5);
    }
}

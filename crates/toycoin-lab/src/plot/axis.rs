//! An axis with round ticks.

/// The range of an axis, and the values that have a tick.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// The lowest value, which is a tick.
    pub(super) low: f64,
    /// The highest value, which is a tick and above the lowest.
    pub(super) high: f64,
    /// The distance between ticks: 1, 2 or 5 times a power of ten.
    step: f64,
}

impl Axis {
    /// Returns the axis that holds all values that can be drawn, with about `ticks` ticks. Without any it is 0 to 1.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, ticks: u32) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| can_be_drawn(*value)) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // a single value, or values that differ by rounding
        let size = low.abs().max(high.abs());
        if high - low <= size * 1e-9 {
            let room = if size > 0.0 { size / 2.0 } else { 0.5 };
            (low, high) = (low - room, high + room);
        }
        let step = round_step((high - low) / f64::from(ticks.max(1)));
        // an end that is a tick within rounding is a tick
        let low = (low / step + 1e-9).floor() * step;
        let high = (high / step - 1e-9).ceil() * step;
        Self { low, high: high.max(low + step), step }
    }

    /// Returns the values that have a tick, in rising order.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let steps = ((self.high - self.low) / self.step).round();
        let ticks = (0..=MAX_TICKS).map(f64::from).take_while(move |tick| *tick <= steps);
        ticks.map(|tick| self.round(self.low + tick * self.step))
    }

    /// Returns a value as its label: with as many decimals as the steps need, or in powers of ten.
    pub(super) fn label(&self, value: f64) -> String {
        let size = self.low.abs().max(self.high.abs());
        if !(1e-6..1e9).contains(&self.step) || size >= 1e9 {
            return format!("{value:.2e}");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 6")]
        let decimals = (-(self.step * 1.000_001).log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.decimals$}")
    }

    /// Returns the value of a tick; 0 within rounding is 0, and not "-0.0".
    fn round(&self, tick: f64) -> f64 {
        if tick.abs() < self.step / 2.0 { 0.0 } else { tick }
    }

    /// Returns where a value lies: 0 at the low end, 1 at the high end. There is no place for what cannot be drawn.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        can_be_drawn(value).then(|| (value - self.low) / (self.high - self.low))
    }
}

/// Returns whether a value can be drawn: it is finite, and not so large that differences overflow.
pub(super) const fn can_be_drawn(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// Returns the one of 1, 2 and 5 times a power of ten that is nearest to a step by its ratio.
fn round_step(step: f64) -> f64 {
    let step = step.max(SMALLEST);
    let power = 10.0_f64.powf(step.log10().floor());
    let factor = match step / power {
        ..1.414 => 1.0,
        ..3.162 => 2.0,
        ..7.071 => 5.0,
        _ => 10.0,
    };
    factor * power
}

/// Largest value that is drawn.
const LARGEST: f64 = 1e300;
/// Smallest step of an axis.
const SMALLEST: f64 = 1e-300;
/// Most ticks, whatever a caller asks for.
const MAX_TICKS: u32 = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Axis;

    /// Returns the labels of an axis.
    fn labels(values: &[f64], ticks: u32) -> Vec<String> {
        let axis = Axis::over(values.iter().copied(), ticks);
        axis.ticks().map(|tick| axis.label(tick)).collect()
    }

    /// Returns the most ticks that an axis of about `ticks` can have.
    ///
    /// A round step is at least `sqrt(2 / 5)` of the step that was asked for, and each end can lie between two ticks.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    fn most_ticks(ticks: u32) -> usize {
        (f64::from(ticks.max(1)) * 2.5_f64.sqrt()) as usize + 3
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&[0.1, 0.29], 5), ["0.10", "0.15", "0.20", "0.25", "0.30"]);
        assert_eq!(labels(&[0.02, 0.31], 4), ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(labels(&[-3.0, 3.0], 3), ["-4", "-2", "0", "2", "4"]);
        assert_eq!(labels(&[0.0, 1_000.0], 2), ["0", "500", "1000"]);
        assert_eq!(labels(&[0.0, 2e-9], 2), ["0.00e0", "1.00e-9", "2.00e-9"]);
    }

    #[test]
    fn axis_without_values_is_0_to_1() {
        assert_eq!(labels(&[], 2), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(&[f64::NAN, f64::INFINITY, -1e305], 2), ["0.0", "0.5", "1.0"]);
    }

    #[test]
    fn ends_that_lie_between_ticks_add_one_each() {
        // 45.2 steps, whose ends both lie between ticks
        let axis = Axis::over([9.031_774_525_504_976e86], 29);
        assert_eq!((axis.ticks().count(), most_ticks(29)), (47, 48), "{axis:?}");
    }

    #[test]
    fn single_value_lies_inside() {
        for value in [0.0, 7.0, -1e-200, 1e299, -3.5] {
            let axis = Axis::over([value], 4);
            assert!(axis.low <= value && value <= axis.high && axis.low < axis.high, "{axis:?}");
            assert!(axis.ticks().count() >= 2, "{axis:?}");
        }
    }

    proptest! {
        #[test]
        fn axis_holds_its_values(values in prop::collection::vec(any::<f64>(), 0..9), ticks in 0_u32..30) {
            let axis = Axis::over(values.iter().copied(), ticks);

            prop_assert!(axis.low < axis.high, "{axis:?}");
            prop_assert!((2..=most_ticks(ticks)).contains(&axis.ticks().count()), "{axis:?}");
            for place in values.into_iter().filter_map(|value| axis.place(value)) {
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&place), "{axis:?}: {place}");
            }
        }
    }
}

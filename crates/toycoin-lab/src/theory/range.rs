//! The ranges of numbers for which formulas hold.

/// Panics unless a number lies from 0 to 1.
#[track_caller]
pub(super) fn assert_share(name: &str, value: f64) {
    assert!((0.0..=1.0).contains(&value), "{name} is a share from 0 to 1, not {value}");
}

/// Panics unless a number is above 0 and finite.
#[track_caller]
pub(super) fn assert_positive(name: &str, value: f64) {
    assert!(value > 0.0 && value.is_finite(), "{name} is a number above 0, not {value}");
}

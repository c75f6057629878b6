//! Durations for people.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

use crate::padding::pad_whole;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// A duration that is shown in its two largest units, rounded down, and in words beyond a year.
///
/// Clocks and headers can claim any time, so messages to people never show one as a bare count of milliseconds.
///
/// ```
/// use toycoin_core::HumanDuration;
///
/// assert_eq!(HumanDuration::from_ms(850).to_string(), "850 ms");
/// assert_eq!(HumanDuration::from_ms(2_500).to_string(), "2.5 s");
/// assert_eq!(HumanDuration::from_ms(252_000).to_string(), "4 min 12 s");
/// assert_eq!(HumanDuration::from_ms(1 << 62).to_string(), "more than a year");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HumanDuration(u64);

impl HumanDuration {
    /// Returns a duration of that many milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }
}

impl From<Duration> for HumanDuration {
    /// Converts to whole milliseconds, at most `u64::MAX`.
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Display for HumanDuration {
    /// Writes the duration with width, fill and alignment.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
            0 => format!("{large} {large_unit}"),
            _ => format!("{large} {large_unit} {small} {small_unit}"),
        };
        let text = match ms {
            YEAR.. => "more than a year".to_owned(),
            DAY.. => two(ms / DAY, if ms / DAY == 1 { "day" } else { "days" }, ms % DAY / HOUR, "h"),
            HOUR.. => two(ms / HOUR, "h", ms % HOUR / MINUTE, "min"),
            MINUTE.. => two(ms / MINUTE, "min", ms % MINUTE / SECOND, "s"),
            10_000.. => format!("{} s", ms / SECOND),
            SECOND.. => match ms % SECOND / 100 {
                0 => format!("{} s", ms / SECOND),
                tenths => format!("{}.{tenths} s", ms / SECOND),
            },
            _ => format!("{ms} ms"),
        };
        pad_whole(f, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_two_largest_units() {
        let shown = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (9_999, "9.9 s"),
            (10_999, "10 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_599_999, "59 min 59 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (DAY, "1 day"),
            (3 * DAY + 4 * HOUR, "3 days 4 h"),
            (YEAR - 1, "364 days 23 h"),
            (YEAR, "more than a year"),
            (u64::MAX, "more than a year"),
        ];
        for (ms, text) in shown {
            assert_eq!(HumanDuration::from_ms(ms).to_string(), text);
        }
        assert_eq!(HumanDuration::from(Duration::MAX).to_string(), "more than a year");
        assert_eq!(format!("[{:>8}]", HumanDuration::from_ms(1_000)), "[     1 s]");
    }
}

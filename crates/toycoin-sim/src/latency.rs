//! Latency: how long bytes take from one end of a link to the other.

use std::time::Duration;

use crate::dice::Dice;

/// Distribution of a link's latency in each direction; no drawn latency exceeds [one minute](Self::MAX).
///
/// ```
/// use std::time::Duration;
/// use toycoin_sim::{Dice, Latency, Link};
///
/// let satellite = Link::wan().latency(Latency::LogNormal { median: Duration::from_millis(300), sigma: 0.4 });
/// let drawn = satellite.latency.draw(&mut Dice::new(1, 1));
/// assert!(drawn > Duration::from_millis(30) && drawn < Duration::from_secs(3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Latency {
    /// Always the same time.
    Fixed(Duration),
    /// Any time between two bounds, each as probable as any other.
    Uniform {
        /// The shortest time.
        least: Duration,
        /// The longest time.
        most: Duration,
    },
    /// A least time plus an exponential one, as a queue on the way adds.
    Exponential {
        /// The shortest time.
        least: Duration,
        /// The mean of the exponential part.
        mean: Duration,
    },
    /// A time whose logarithm is normally distributed, as in measurements of the Internet.
    LogNormal {
        /// The median: half of the times are shorter.
        median: Duration,
        /// The standard deviation of the natural logarithm; 0.5 is large.
        sigma: f64,
    },
    /// A time with a heavy tail: it exceeds `k` times the least with the probability `k^-shape`.
    Pareto {
        /// The shortest time.
        least: Duration,
        /// How light the tail is; at 1 or below, the mean without the bound would be infinite.
        shape: f64,
    },
}

impl Latency {
    /// Longest latency that is ever drawn.
    pub const MAX: Duration = Duration::from_secs(60);

    /// Draws a latency, the same on every machine.
    pub fn draw(&self, dice: &mut Dice) -> Duration {
        let drawn = match *self {
            Self::Fixed(latency) => latency,
            Self::Uniform { least, most } => dice.between(least, most),
            Self::Exponential { least, mean } => least + dice.exponential(mean).min(Self::MAX),
            Self::LogNormal { median, sigma } => dice.log_normal(median, sigma),
            Self::Pareto { least, shape } => dice.pareto(least, shape),
        };
        drawn.min(Self::MAX)
    }

    /// Returns the same distribution with every time multiplied by `factor`.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        let longer = |time: Duration| time.saturating_mul(factor);
        match self {
            Self::Fixed(latency) => Self::Fixed(longer(latency)),
            Self::Uniform { least, most } => Self::Uniform { least: longer(least), most: longer(most) },
            Self::Exponential { least, mean } => Self::Exponential { least: longer(least), mean: longer(mean) },
            Self::LogNormal { median, sigma } => Self::LogNormal { median: longer(median), sigma },
            Self::Pareto { least, shape } => Self::Pareto { least: longer(least), shape },
        }
    }
}

impl From<Duration> for Latency {
    fn from(latency: Duration) -> Self {
        Self::Fixed(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Returns many drawn latencies in seconds, sorted.
    fn drawn(latency: impl Into<Latency>) -> Vec<f64> {
        let (latency, mut dice) = (latency.into(), Dice::new(5, 0));
        let mut drawn: Vec<_> = (0..20_000).map(|_| latency.draw(&mut dice).as_secs_f64()).collect();
        drawn.sort_by(f64::total_cmp);
        drawn
    }

    fn is_near(value: f64, expected: f64) -> bool {
        (value / expected - 1.0).abs() < 0.05
    }

    #[test]
    fn each_has_the_shape_that_it_says() {
        assert!(drawn(40 * MS).iter().all(|time| *time == 0.04));

        let uniform = drawn(Latency::Uniform { least: 10 * MS, most: 30 * MS });
        assert!(uniform[0] >= 0.01 && uniform[19_999] <= 0.03 && is_near(uniform[10_000], 0.02));

        let exponential = drawn(Latency::Exponential { least: 10 * MS, mean: 20 * MS });
        assert!(exponential[0] >= 0.01 && is_near(exponential[10_000], 0.01 + 0.02 * 2f64.ln()));

        let log_normal = drawn(Latency::LogNormal { median: 100 * MS, sigma: 0.5 });
        assert!(is_near(log_normal[10_000], 0.1), "half are below the median: {}", log_normal[10_000]);
        // 84.13 % of the values are below one standard deviation above the median
        assert!(is_near(log_normal[16_827], 0.1 * 0.5f64.exp()), "{}", log_normal[16_827]);

        let pareto = drawn(Latency::Pareto { least: 10 * MS, shape: 1.5 });
        assert!(pareto[0] >= 0.01 && is_near(pareto[10_000], 0.01 * 2f64.powf(1.0 / 1.5)));
        assert!(is_near(pareto[19_800], 0.01 * 100f64.powf(1.0 / 1.5)), "{}", pareto[19_800]);
    }

    #[test]
    fn no_tail_is_longer_than_the_bound() {
        let endless = Latency::Pareto { least: MS, shape: 0.1 };
        assert_eq!(drawn(endless)[19_999], Latency::MAX.as_secs_f64());
        assert_eq!(Latency::from(40 * MS).times(20), Latency::Fixed(800 * MS));
    }

    #[test]
    fn what_is_drawn_is_fixed_to_the_bit() {
        // frozen values: a machine or compiler that draws other values produces other traces
        let mut dice = Dice::new(7, 7);
        let drawn: Vec<_> = [
            Latency::Exponential { least: MS, mean: 20 * MS },
            Latency::LogNormal { median: 100 * MS, sigma: 0.5 },
            Latency::Pareto { least: 10 * MS, shape: 1.5 },
        ]
        .iter()
        .map(|latency| latency.draw(&mut dice).as_nanos())
        .collect();
        assert_eq!(drawn, FROZEN);
    }

    const FROZEN: [u128; 3] = [25_205_762, 34_312_284, 14_034_879];
}

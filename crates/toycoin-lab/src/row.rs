//! A row of an attack's table: what was measured under one setting, beside what theory expects.

use serde::Serialize;

use crate::{
    attack::{Attack, Expected, Quantity},
    outcome::{Observation, Outcome},
    setting::Setting,
    stats::{Interval, Mean, Share},
};

/// Standard deviations within which a measured number must lie of what theory expects.
pub const TOLERANCE: f64 = 4.0;

/// What was measured under one setting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The setting.
    pub setting: Setting,
    /// Number of trials.
    pub trials: u64,
    /// Whether each number of a binding theory stands beside a measured one. Too few trials may measure none.
    pub compared: bool,
    /// One cell for each quantity of the attack, in their order.
    pub cells: Vec<Cell>,
}

/// A measured number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Name of the quantity.
    pub quantity: &'static str,
    /// Number of decimals with which it is printed.
    #[serde(skip)]
    pub decimals: usize,
    /// The measured number; `None` if no trial observed it.
    pub measured: Option<f64>,
    /// Its 95 % interval; `None` for numbers without chance and for a single value.
    pub interval: Option<Interval>,
    /// Number of cases or values behind it.
    pub of: u64,
    /// What theory expects.
    pub expected: Vec<Comparison>,
}

/// A measured number beside an expected one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Who expects it.
    pub by: &'static str,
    /// The expected number.
    pub value: f64,
    /// By how many standard deviations the measured number lies above it; infinite if it cannot be so. `None` if too few
    /// trials measured one.
    pub off_by: Option<f64>,
    /// Whether it must lie within [`TOLERANCE`].
    pub binding: bool,
}

impl Row {
    /// Returns the row that outcomes make.
    pub fn of(attack: &dyn Attack, setting: &Setting, outcomes: &[Outcome]) -> Self {
        let theory = attack.theory(setting);
        let cell = |quantity: &Quantity| {
            let expected = theory.iter().filter(|expected| expected.quantity == quantity.name);
            let deviation = attack.deviation(setting, quantity.name);
            Cell::of(quantity, outcomes, &expected.copied().collect::<Vec<_>>(), deviation)
        };
        let cells: Vec<Cell> = attack.quantities().iter().map(cell).collect();
        let compared = binding(&cells).all(|comparison| comparison.off_by.is_some());
        Self { setting: setting.clone(), trials: outcomes.len() as u64, compared, cells }
    }

    /// Returns whether each number lies within 4 standard deviations of what a binding theory expects. A number that
    /// [could not be compared](Self::compared) disagrees with nothing.
    pub fn agrees(&self) -> bool {
        binding(&self.cells).all(|comparison| comparison.off_by.is_none_or(|off| off.abs() <= TOLERANCE))
    }
}

/// Returns the comparisons with a theory that must hold.
fn binding(cells: &[Cell]) -> impl Iterator<Item = &Comparison> {
    cells.iter().flat_map(|cell| &cell.expected).filter(|comparison| comparison.binding)
}

/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;

impl Cell {
    fn of(quantity: &Quantity, outcomes: &[Outcome], expected: &[Expected], deviation: Option<f64>) -> Self {
        let observations: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.of(quantity.name)).collect();
        let estimate = Estimate::of(&observations);
        let compare = |expected: &Expected| Comparison {
            by: expected.by,
            value: expected.value,
            off_by: estimate.off_by(expected.value, deviation),
            binding: expected.binding,
        };
        Self {
            quantity: quantity.name,
            decimals: quantity.decimals,
            measured: estimate.value(),
            interval: estimate.interval(),
            of: estimate.count(),
            expected: expected.iter().map(compare).collect(),
        }
    }
}

/// What observations of one quantity make together.
#[derive(Debug, Clone, Copy)]
enum Estimate {
    Nothing,
    Share(Share),
    Mean(Mean),
    /// A number without chance; `None` if it differed from trial to trial.
    Exact(Option<f64>, u64),
}

impl Estimate {
    fn of(observations: &[Observation]) -> Self {
        let (mut all_hits, mut cases, mut mean) = (0, 0, Mean::default());
        let mut exact: Option<Option<f64>> = None;
        for observation in observations {
            match *observation {
                Observation::Share { hits, of } => (all_hits, cases) = (all_hits + hits, cases + of),
                Observation::Value(value) => mean.push(value),
                Observation::Exact(value) => {
                    exact = Some(exact.map_or(Some(value), |known| known.filter(|known| *known == value)));
                }
            }
        }
        match (exact, Share::new(all_hits, cases)) {
            (Some(exact), _) => Self::Exact(exact, observations.len() as u64),
            (None, Some(share)) => Self::Share(share),
            (None, None) if mean.count() > 0 => Self::Mean(mean),
            (None, None) => Self::Nothing,
        }
    }

    fn value(&self) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Share(share) => Some(share.value()),
            Self::Mean(mean) => mean.value(),
            Self::Exact(value, _) => *value,
        }
    }

    fn interval(&self) -> Option<Interval> {
        match self {
            Self::Nothing | Self::Exact(..) => None,
            Self::Share(share) => Some(share.interval(CONFIDENCE)),
            Self::Mean(mean) => mean.interval(CONFIDENCE),
        }
    }

    const fn count(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Share(share) => share.of(),
            Self::Mean(mean) => mean.count(),
            Self::Exact(_, count) => *count,
        }
    }

    /// `deviation` is that of one value, if theory knows it.
    fn off_by(&self, expected: f64, deviation: Option<f64>) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Share(share) if (0.0..=1.0).contains(&expected) => Some(share.off_by(expected)),
            // no share is so
            Self::Share(_) => Some(f64::INFINITY),
            Self::Mean(mean) => match deviation {
                Some(deviation) => Some((mean.value()? - expected) / (deviation / (mean.count() as f64).sqrt())),
                None => mean.off_by(expected),
            },
            Self::Exact(Some(value), _) if (value - expected).abs() < 1e-9 => Some(0.0),
            Self::Exact(..) => Some(f64::INFINITY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::DoubleSpend;

    fn row(outcomes: &[Outcome]) -> Row {
        Row::of(&DoubleSpend, &Setting::of(&DoubleSpend), outcomes)
    }

    fn outcomes(hits: usize, of: usize) -> Vec<Outcome> {
        let quantity = DoubleSpend.quantities()[0].name;
        (0..of).map(|place| Outcome::default().happened(quantity, place < hits)).collect()
    }

    #[test]
    fn too_few_trials_to_compare_are_no_disagreement() {
        let nothing = row(&[Outcome::default(), Outcome::default()]);
        assert!(nothing.agrees() && !nothing.compared);
        let wrong = row(&outcomes(1_000, 1_000));
        assert!(!wrong.agrees() && wrong.compared);
    }
}

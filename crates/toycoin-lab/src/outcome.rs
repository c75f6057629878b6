//! What one trial observed.

use std::fmt;

/// One observed number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// Something happened in `hits` of `of` cases, all with the same probability. One case is `hits` 0 or 1 of 1.
    Share {
        /// Cases in which it happened.
        hits: u64,
        /// All cases.
        of: u64,
    },
    /// A number that differs from trial to trial, of which the mean is wanted.
    Value(f64),
    /// A number without chance: all trials must give the same.
    Exact(f64),
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { hits: 0, of: 1 } => f.write_str("no"),
            Self::Share { hits: 1, of: 1 } => f.write_str("yes"),
            Self::Share { hits, of } => write!(f, "{hits} of {of}"),
            Self::Value(value) | Self::Exact(value) => write!(f, "{value}"),
        }
    }
}

/// What one trial observed, by the names of the attack's quantities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    observations: Vec<(&'static str, Observation)>,
}

impl Outcome {
    /// Returns the same outcome with one more observation.
    #[must_use]
    pub fn with(mut self, quantity: &'static str, observation: Observation) -> Self {
        self.observations.push((quantity, observation));
        self
    }

    /// Returns the same outcome with one case in which something happened or did not.
    #[must_use]
    pub fn happened(self, quantity: &'static str, happened: bool) -> Self {
        self.with(quantity, Observation::Share { hits: happened.into(), of: 1 })
    }

    /// Returns the same outcome with one more value of a mean.
    #[must_use]
    pub fn value(self, quantity: &'static str, value: f64) -> Self {
        self.with(quantity, Observation::Value(value))
    }

    /// Returns the same outcome with a number without chance.
    #[must_use]
    pub fn exact(self, quantity: &'static str, value: f64) -> Self {
        self.with(quantity, Observation::Exact(value))
    }

    /// Returns the observations of one quantity.
    pub fn of<'a>(&'a self, quantity: &'a str) -> impl Iterator<Item = Observation> + 'a {
        self.observations.iter().filter(move |(name, _)| *name == quantity).map(|(_, observation)| *observation)
    }
}

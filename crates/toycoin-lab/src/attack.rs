//! What an attack is: its parameters, its trials, and what theory expects of them.

use crate::{
    outcome::Outcome,
    setting::{Parameter, Setting, SettingError},
    trial::{Trial, TrialError},
};

/// A number that an attack measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    /// Short name, the heading of its column, such as `success`.
    pub name: &'static str,
    /// One sentence: what it is, and its unit.
    pub what: &'static str,
    /// Number of decimals with which it is printed.
    pub decimals: usize,
}

/// What theory expects of a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Name of the quantity.
    pub quantity: &'static str,
    /// Who says so, the heading of its column, such as `Rosenfeld`; `theory` for the formula that must hold.
    pub by: &'static str,
    /// The expected number.
    pub value: f64,
    /// Whether the measured number must lie within 4 standard deviations of it. Otherwise it only stands beside.
    pub binding: bool,
}

impl Expected {
    /// Returns what the formula expects that must hold.
    pub const fn theory(quantity: &'static str, value: f64) -> Self {
        Self { quantity, by: "theory", value, binding: true }
    }

    /// Returns what somebody else expects, or what was seen elsewhere: it only stands beside.
    pub const fn beside(quantity: &'static str, by: &'static str, value: f64) -> Self {
        Self { quantity, by, value, binding: false }
    }
}

/// Something that makes an attack harder, run as a second row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defence {
    /// Short name, as it is given to the program.
    pub name: &'static str,
    /// One sentence: what changes.
    pub what: &'static str,
}

/// A famous attack, which runs against real nodes.
pub trait Attack: Sync {
    /// Returns its short name, as it is given to the program, such as `double-spend`.
    fn name(&self) -> &'static str;

    /// Returns one sentence: who does what to whom.
    fn summary(&self) -> &'static str;

    /// Returns what can be set, with defaults and ranges.
    fn parameters(&self) -> &'static [Parameter];

    /// Returns the defences that it knows.
    fn defences(&self) -> &'static [Defence] {
        &[]
    }

    /// Checks parameters that depend on each other.
    ///
    /// # Errors
    /// [`SettingError::Conflict`] if two of them do not go together.
    fn check(&self, _setting: &Setting) -> Result<(), SettingError> {
        Ok(())
    }

    /// Returns what it measures, the most important first.
    fn quantities(&self) -> &'static [Quantity];

    /// Returns the number of trials that make a row unless a caller asks for another.
    fn trials(&self) -> u64;

    /// Returns the settings of its page's table, in their order, each with a number of trials. These run in the tests
    /// too, so all of them together take a few seconds.
    fn table(&self) -> Vec<(Setting, u64)>;

    /// Returns the nodes that attack under a setting, for people who watch a trial; none if nobody does.
    fn attackers(&self, _setting: &Setting) -> Vec<usize> {
        Vec::new()
    }

    /// Returns what theory expects under a setting; nothing if no formula is known.
    fn theory(&self, setting: &Setting) -> Vec<Expected>;

    /// Returns the standard deviation of one value of a quantity, where theory knows it.
    ///
    /// A mean is then compared by this deviation, and not by the sample's own. That matters for values whose
    /// distribution has a long tail: most samples miss the tail, and take the deviation for too small.
    fn deviation(&self, _setting: &Setting, _quantity: &str) -> Option<f64> {
        None
    }

    /// Runs one trial.
    ///
    /// # Errors
    /// When an invariant of the simulation breaks, or the trial is interrupted.
    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError>;
}

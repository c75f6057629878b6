//! What is set for an attack: its parameters, a defence, and rules that are switched off.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde::{Serialize, Serializer};
use thiserror::Error;
use toycoin_core::Rule;

use crate::attack::Attack;

/// Something that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Short name, as it is given to the program, such as `q`.
    pub name: &'static str,
    /// One sentence: what it is, and its unit.
    pub what: &'static str,
    /// Its value unless it is set.
    pub default: f64,
    /// The allowed values.
    pub range: RangeInclusive<f64>,
    /// Whether it is a whole number.
    pub whole: bool,
}

impl Parameter {
    /// Returns a parameter that is any number of a range.
    pub const fn real(name: &'static str, what: &'static str, default: f64, range: RangeInclusive<f64>) -> Self {
        Self { name, what, default, range, whole: false }
    }

    /// Returns a parameter that is a whole number of a range.
    pub const fn whole(name: &'static str, what: &'static str, default: f64, range: RangeInclusive<f64>) -> Self {
        Self { name, what, default, range, whole: true }
    }

    /// Returns a parameter that is 1 for yes and 0 for no, which is the default.
    pub const fn flag(name: &'static str, what: &'static str) -> Self {
        Self::whole(name, what, 0.0, 0.0..=1.0)
    }
}

/// What is set for one row of an attack's table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    #[serde(flatten)]
    values: BTreeMap<&'static str, f64>,
    defence: Option<&'static str>,
    #[serde(serialize_with = "by_name")]
    off: Vec<Rule>,
}

/// The reason why an attack does not have a setting.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The attack has no such parameter.
    #[error("{attack} has no parameter {name}: it has {has}")]
    NoSuchParameter {
        /// The attack.
        attack: &'static str,
        /// The name that was given.
        name: String,
        /// The names that there are.
        has: String,
    },
    /// A value is out of its range.
    #[error("{name} is {kind} from {from} to {to}, not {value}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What kind of number it is.
        kind: &'static str,
        /// The lowest allowed value.
        from: f64,
        /// The highest allowed value.
        to: f64,
        /// The value that was given.
        value: f64,
    },
    /// A value does not go together with that of another parameter.
    #[error("{name} is at most {of}, which is {most}, not {value}")]
    Conflict {
        /// The parameter.
        name: &'static str,
        /// The parameter that bounds it.
        of: &'static str,
        /// The highest allowed value.
        most: f64,
        /// The value that was given.
        value: f64,
    },
    /// The attack has no such defence.
    #[error("{attack} has no defence {name}: it has {has}")]
    NoSuchDefence {
        /// The attack.
        attack: &'static str,
        /// The name that was given.
        name: String,
        /// The names that there are.
        has: String,
    },
}

impl Setting {
    /// Returns the defaults of an attack: no defence, all rules on.
    pub fn of(attack: &(impl Attack + ?Sized)) -> Self {
        let values = attack.parameters().iter().map(|parameter| (parameter.name, parameter.default)).collect();
        Self { values, defence: None, off: Vec::new() }
    }

    /// Sets a parameter of an attack.
    ///
    /// # Errors
    /// When the attack has no such parameter, or its range does not hold the value.
    pub fn set(&mut self, attack: &(impl Attack + ?Sized), name: &str, value: f64) -> Result<(), SettingError> {
        let parameters = attack.parameters();
        let parameter = parameters.iter().find(|parameter| parameter.name == name);
        let parameter = parameter.ok_or_else(|| SettingError::NoSuchParameter {
            attack: attack.name(),
            name: name.to_owned(),
            has: list(parameters.iter().map(|parameter| parameter.name)),
        })?;
        let (from, to) = (*parameter.range.start(), *parameter.range.end());
        if !parameter.range.contains(&value) || parameter.whole && value.fract() != 0.0 {
            let kind = if parameter.whole { "a whole number" } else { "a number" };
            return Err(SettingError::OutOfRange { name: parameter.name, kind, from, to, value });
        }
        self.values.insert(parameter.name, value);
        Ok(())
    }

    /// Returns the same setting with another value of a parameter, for tables whose values are known to be in range.
    ///
    /// # Panics
    /// If the attack has no such parameter, or its range does not hold the value.
    #[must_use]
    pub fn with(mut self, attack: &(impl Attack + ?Sized), name: &str, value: f64) -> Self {
        if let Err(error) = self.set(attack, name, value) {
            panic!("{error}");
        }
        self
    }

    /// Sets the defence of an attack.
    ///
    /// # Errors
    /// When the attack has no such defence.
    pub fn defend(&mut self, attack: &(impl Attack + ?Sized), name: &str) -> Result<(), SettingError> {
        let defences = attack.defences();
        let defence = defences.iter().find(|defence| defence.name == name);
        let defence = defence.ok_or_else(|| SettingError::NoSuchDefence {
            attack: attack.name(),
            name: name.to_owned(),
            has: list(defences.iter().map(|defence| defence.name)),
        })?;
        self.defence = Some(defence.name);
        Ok(())
    }

    /// Returns the same setting with a defence, for tables.
    ///
    /// # Panics
    /// If the attack has no such defence.
    #[must_use]
    pub fn defended(mut self, attack: &(impl Attack + ?Sized), name: &str) -> Self {
        if let Err(error) = self.defend(attack, name) {
            panic!("{error}");
        }
        self
    }

    /// Returns the same setting with rules switched off at every node.
    #[must_use]
    pub fn without(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.off = rules.into_iter().collect();
        self
    }

    /// Returns a parameter's value.
    ///
    /// # Panics
    /// If the attack, whose setting this is, has no such parameter.
    pub fn get(&self, name: &str) -> f64 {
        *self.values.get(name).expect("a parameter of the attack")
    }

    /// Returns the value of a parameter that is a whole number.
    ///
    /// # Panics
    /// If the attack, whose setting this is, has no such parameter.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of a small range")]
    pub fn whole(&self, name: &str) -> u64 {
        self.get(name) as u64
    }

    /// Returns the name of the defence, if there is one.
    pub const fn defence(&self) -> Option<&'static str> {
        self.defence
    }

    /// Returns the rules that are switched off.
    pub fn off(&self) -> &[Rule] {
        &self.off
    }
}

/// Returns names as a list for an error message.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Writes rules as their names.
fn by_name<S: Serializer>(rules: &[Rule], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rules.iter().map(|rule| rule.name()))
}

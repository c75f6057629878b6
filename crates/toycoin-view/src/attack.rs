//! Attacks: which ones a stage can show, and how one is asked for.
//!
//! The attacks themselves are those of the attack lab, `toycoin-lab`. This crate depends on it with the feature
//! `attacks` alone. Without it, no stage has an attack, and these types stay: an API does not change with a feature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::command::Refusal;

/// The command that starts a program with attacks.
const COMMAND: &str = "cargo run --release -p toycoin-view-example --features attacks --example view";

/// An attack that a stage can show.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttackInfo {
    /// Its name, such as `double-spend`.
    pub name: String,
    /// One sentence: who does what to whom.
    pub summary: String,
    /// What can be set.
    pub parameters: Vec<ParameterInfo>,
    /// What makes it harder, of which one can be chosen.
    pub defences: Vec<DefenceInfo>,
}

/// A parameter of an attack.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ParameterInfo {
    /// Its name, such as `q`.
    pub name: String,
    /// One sentence: what it is, and its unit.
    pub what: String,
    /// Its value unless it is set.
    pub default: f64,
    /// The lowest allowed value.
    pub min: f64,
    /// The highest allowed value.
    pub max: f64,
    /// Whether it is a whole number.
    pub whole: bool,
}

/// A defence against an attack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DefenceInfo {
    /// Its name.
    pub name: String,
    /// One sentence: what changes.
    pub what: String,
}

/// A trial of an attack that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttackRequest {
    /// The attack's name.
    pub attack: String,
    /// Parameters with other values than their defaults, by name.
    #[serde(default)]
    pub set: BTreeMap<String, f64>,
    /// The name of a defence; none if it is absent.
    #[serde(default)]
    pub defence: Option<String>,
    /// The seed of the trial; 1 if it is absent. Equal seeds show the same trial.
    #[serde(default)]
    pub seed: Option<u64>,
}

impl AttackRequest {
    /// Returns the request for an attack with its defaults.
    pub fn new(attack: impl Into<String>) -> Self {
        Self { attack: attack.into(), ..Self::default() }
    }
}

/// Returns why a stage without a simulated network has no attack.
pub(crate) fn needs_simulation() -> Refusal {
    Refusal::Cannot(format!("attacks are shown on a simulated network alone; start one with `{COMMAND}`"))
}

/// Returns why a program that was built without attacks has none.
#[cfg(not(feature = "attacks"))]
pub(crate) fn needs_feature() -> Refusal {
    Refusal::Cannot(format!("this program was built without attacks; start one that has them with `{COMMAND}`"))
}

//! A story as data: who cheats whom, in which blocks, and what is counted.

use toycoin_core::Rule;

use super::{
    cast::{Person, Victim},
    count::Count,
    play::Act,
    verifier::Judge,
};

/// A story that is not told yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    /// The rule that is broken.
    pub(super) rule: Rule,
    pub(super) villain: Person,
    pub(super) victim: Victim,
    /// One sentence each. A number in braces is counted, such as `{Bob due}`; see [`tell`](super::tell::tell).
    pub(super) steps: &'static [&'static str],
    /// What the villain gains; `None` if nothing.
    pub(super) gain: Option<Count>,
    /// What the victim loses, or must bear.
    pub(super) loss: Count,
    /// The other rules that would stop the same blocks. They are off where the rule is.
    pub(super) shadows: &'static [Rule],
    /// The rules without which the chain before the story would not stand. They are off for all verifiers.
    pub(super) groundwork: &'static [Rule],
    pub(super) judge: Judge,
    pub(super) act: Act,
}

impl Script {
    /// Returns a story in which Mallory cheats, gains nothing, and the rule alone stands in her way.
    pub(super) const fn new(rule: Rule, victim: Victim, steps: &'static [&'static str], loss: Count, act: Act) -> Self {
        Self {
            rule,
            villain: Person::Mallory,
            victim,
            steps,
            gain: None,
            loss,
            shadows: &[],
            groundwork: &[],
            judge: Judge::Chain,
            act,
        }
    }

    pub(super) const fn gains(self, count: Count) -> Self {
        Self { gain: Some(count), ..self }
    }

    pub(super) const fn shadowed_by(self, rules: &'static [Rule]) -> Self {
        Self { shadows: rules, ..self }
    }

    pub(super) const fn on_groundwork_without(self, rules: &'static [Rule]) -> Self {
        Self { groundwork: rules, ..self }
    }

    pub(super) const fn judged_by(self, judge: Judge) -> Self {
        Self { judge, ..self }
    }
}

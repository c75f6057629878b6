//! An exhibit: a rule, the story of what it stops, and what happened with the rule off and on.

use serde::Serialize;
use toycoin_core::Rule;

use super::{
    cast::{Person, Victim},
    codes,
    quantity::Quantity,
    refusal::Refusal,
    supply::Supply,
};

/// What happened to the same blocks with a rule off and on.
///
/// Its [`Display`](std::fmt::Display) is the page of the rule, at most 80 columns wide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exhibit {
    /// The rule.
    #[serde(serialize_with = "codes::one")]
    pub rule: Rule,
    /// The story, with the counted numbers in it.
    pub story: Story,
    /// What happened with the rule off.
    pub off: Off,
    /// What happened with the rule on.
    pub on: On,
    /// The supply before the story.
    pub before: Supply,
    /// The supply after it, with the rule off.
    pub after: Supply,
}

/// A story: who does what to whom when the rule is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Who cheats.
    pub villain: Person,
    /// Who loses.
    pub victim: Victim,
    /// What happens, one sentence each.
    pub steps: Vec<String>,
    /// What the villain gains; `None` if nothing.
    pub gain: Option<Tally>,
    /// What the victim loses, or must bear.
    pub loss: Tally,
}

/// A number that was counted in three chains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// What was counted.
    pub what: String,
    /// Before the story.
    pub before: Quantity,
    /// After the blocks that come if nobody cheats.
    pub honest: Quantity,
    /// After the blocks of the cheat.
    pub cheated: Quantity,
}

impl Tally {
    /// Returns what the cheat changed: the difference from the honest blocks.
    pub const fn change(&self) -> Quantity {
        self.cheated.minus(self.honest)
    }
}

/// What happened to the blocks of the cheat with the rule off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Off {
    /// The rules that would stop the same blocks, and are off as well.
    #[serde(serialize_with = "codes::all")]
    pub shadows: Vec<Rule>,
    /// Why a block was refused all the same; `None` if all went through.
    pub refusal: Option<Refusal>,
}

/// What happened to the blocks of the cheat with the rule on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct On {
    /// The rules that are off here too, because the story begins on a chain that breaks them.
    #[serde(serialize_with = "codes::all")]
    pub groundwork: Vec<Rule>,
    /// Why a block was refused; `None` if all went through.
    pub refusal: Option<Refusal>,
    /// The supply afterwards.
    pub supply: Supply,
}

impl Exhibit {
    /// Returns whether the rule does what it is for: with it off the cheat succeeds, with it on the block is refused by
    /// exactly this rule.
    pub fn succeeds(&self) -> bool {
        self.off.refusal.is_none() && self.on.refusal.as_ref().is_some_and(|refusal| refusal.rule == Some(self.rule))
    }

    /// Returns all rules that are off where the cheat succeeds: this one, and those that shadow it or made its
    /// groundwork.
    pub fn rules_off(&self) -> Vec<Rule> {
        let mut off = [vec![self.rule], self.off.shadows.clone(), self.on.groundwork.clone()].concat();
        off.sort_unstable();
        off
    }
}

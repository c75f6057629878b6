//! A way to break one rule.

use crate::{rule::Rule, test_util::Scene};

/// A way to break one rule.
#[derive(Debug, Clone, Copy)]
pub struct Mutation {
    /// The rule that the mutation breaks.
    pub rule: Rule,
    /// A short description of the block's fault.
    pub name: &'static str,
    /// The change of the scene beside the block.
    pub setting: Setting,
    mutate: fn(&mut Scene),
}

/// What a mutation changes in a scene beside the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Nothing: the block breaks the rule on a valid chain.
    Chain,
    /// The time at which the block is judged.
    Moment,
    /// Coins or money that no block created. Only an artificial ledger leads to such a block.
    Money,
}

impl Mutation {
    /// Changes the scene so that its block breaks the rule.
    ///
    /// # Panics
    /// When the scene is not as [`Scene::new`] made it.
    pub fn apply(&self, scene: &mut Scene) {
        (self.mutate)(scene);
    }

    pub(super) const fn new(rule: Rule, name: &'static str, mutate: fn(&mut Scene)) -> Self {
        Self { rule, name, setting: Setting::Chain, mutate }
    }

    pub(super) const fn with(self, setting: Setting) -> Self {
        Self { setting, ..self }
    }
}

//! One mutation per rule. Each makes the valid block of a [`Scene`] break its rule, and no rule that is judged earlier.
//!
//! A mutation repairs everything else: signatures, reward, roots, proof of work. The block is thus what a cheat who
//! knows the rules would send. Some rules cannot be broken alone: no coinbase can claim fees above the money limit, for
//! example. Then the mutation breaks the rule that is judged first; tests/rules.rs has the list.

mod body;
mod header;
mod ledger;
mod transaction;

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

    const fn new(rule: Rule, name: &'static str, mutate: fn(&mut Scene)) -> Self {
        Self { rule, name, setting: Setting::Chain, mutate }
    }

    const fn with(self, setting: Setting) -> Self {
        Self { setting, ..self }
    }
}

/// Returns all mutations, one per rule, in the order of the rules.
pub fn all() -> impl Iterator<Item = Mutation> {
    let stages = [transaction::MUTATIONS, header::MUTATIONS, body::MUTATIONS, ledger::MUTATIONS];
    let mut all: Vec<_> = stages.into_iter().flatten().copied().collect();
    all.sort_by_key(|mutation| mutation.rule);
    all.into_iter()
}

/// Returns the mutation that breaks a rule.
///
/// # Panics
/// When a rule has no mutation. Every rule has one.
pub fn of(rule: Rule) -> Mutation {
    all().find(|mutation| mutation.rule == rule).expect("a mutation for each rule")
}

//! One mutation a rule: each makes the valid block of a [`Scene`] break that rule, and no rule that is judged before it.
//!
//! What a mutation is not about is put right again: signatures, reward, roots, proof of work. So the block is what a
//! cheat would send who knows the rules. Where one rule cannot be broken without another, as a sum of fees beyond all
//! money cannot be claimed, the mutation breaks the rule that is judged first; tests/rules.rs has the list.

mod body;
mod header;
mod ledger;
mod transaction;

use crate::{consensus::Rule, test_util::Scene};

/// A way to break one rule.
#[derive(Debug, Clone, Copy)]
pub struct Mutation {
    /// The rule.
    pub rule: Rule,
    /// What the block does, in a few words.
    pub name: &'static str,
    /// What the scene must be given beside the block.
    pub setting: Setting,
    mutate: fn(&mut Scene),
}

/// What a mutation changes in the scene beside the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Nothing: the block breaks the rule in its place on a valid chain.
    Chain,
    /// The moment at which it is judged.
    Moment,
    /// Coins or money that were never made: only a ledger that is made up leads to such a block.
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

/// Returns all mutations in the order of their rules: one for each.
pub fn all() -> impl Iterator<Item = Mutation> {
    let stages = [transaction::MUTATIONS, header::MUTATIONS, body::MUTATIONS, ledger::MUTATIONS];
    let mut all: Vec<_> = stages.into_iter().flatten().copied().collect();
    all.sort_by_key(|mutation| mutation.rule);
    all.into_iter()
}

/// Returns the mutation that breaks a rule.
///
/// # Panics
/// For a rule without a mutation; there is none.
pub fn of(rule: Rule) -> Mutation {
    all().find(|mutation| mutation.rule == rule).expect("a mutation for each rule")
}

//! All mutations, one per rule.

use crate::{
    rule::Rule,
    test_util::mutations::{body, header, ledger, mutation::Mutation, transaction},
};

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

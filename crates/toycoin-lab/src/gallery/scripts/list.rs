//! All stories.

use toycoin_core::Rule;

use super::{blocks, headers, money, payments, spending};
use crate::gallery::script::Script;

/// Returns the story of a rule.
///
/// # Panics
/// When a rule has no story. Every rule has one.
pub(in crate::gallery) fn of(rule: Rule) -> Script {
    let scripts = [payments::SCRIPTS, headers::SCRIPTS, blocks::SCRIPTS, spending::SCRIPTS, money::SCRIPTS];
    let mut all = scripts.into_iter().flatten().copied();
    all.find(|script| script.rule == rule).expect("a story for each rule")
}

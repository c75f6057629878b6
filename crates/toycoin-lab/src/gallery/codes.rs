//! How rules are serialised: by their numbers, such as `R27`.

use serde::{Serialize, Serializer};
use toycoin_core::Rule;

pub(super) fn one<S: Serializer>(rule: &Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(rule)
}

pub(super) fn optional<S: Serializer>(rule: &Option<Rule>, serializer: S) -> Result<S::Ok, S::Error> {
    rule.map(|rule| rule.to_string()).serialize(serializer)
}

pub(super) fn all<S: Serializer>(rules: &[Rule], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rules.iter().map(ToString::to_string))
}

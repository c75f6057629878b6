//! The gallery of rules.

use serde_json::to_string_pretty;
use toycoin_core::Rule;
use toycoin_examples::say;
use toycoin_lab::gallery::{all, exhibit, table};

/// Prints the exhibit of one rule, or the table of all.
pub(crate) fn show(rule: Option<Rule>, as_json: bool) {
    let exhibits = rule.map_or_else(all, |rule| vec![exhibit(rule)]);
    // names and numbers are always JSON
    let json = as_json.then(|| to_string_pretty(&exhibits).unwrap_or_default());
    match (json, exhibits.as_slice()) {
        (Some(json), _) => say!("{json}"),
        (None, [exhibit]) => say!("{}", exhibit.to_string().trim_end()),
        (None, exhibits) => say!("{}", table(exhibits).trim_end()),
    }
}

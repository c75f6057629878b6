//! Why a verifier refuses a block.

use std::fmt;

use serde::Serialize;
use toycoin_core::{Rule, RuleError};

use super::codes;

/// Why a verifier refuses a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rule that the block breaks; `None` if it is refused for another reason.
    #[serde(serialize_with = "codes::optional")]
    pub rule: Option<Rule>,
    /// What the verifier says.
    pub message: String,
    /// Whether the block may come again later: it is only ahead of time.
    pub deferred: bool,
}

impl Refusal {
    pub(super) fn by_rule(error: &RuleError) -> Self {
        Self { rule: Some(error.rule()), message: error.to_string(), deferred: error.is_deferred() }
    }

    pub(super) const fn without_rule(message: String) -> Self {
        Self { rule: None, message, deferred: false }
    }
}

/// Shows `refused: R27 ValueBalance: ..`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later = if self.deferred { " for now" } else { "" };
        match self.rule {
            Some(rule) => {
                let number = format!(" (rule {rule})");
                let message = self.message.strip_suffix(&number).unwrap_or(&self.message);
                write!(f, "refused{later}: {rule} {}: {message}", rule.name())
            }
            None => write!(f, "refused{later}: {}", self.message),
        }
    }
}

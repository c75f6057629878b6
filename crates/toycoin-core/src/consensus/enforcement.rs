//! Whether a broken rule is an error: always, unless a sandbox has switched the rule off.

use crate::{consensus::RuleError, params::ChainParams};

impl ChainParams {
    /// Returns `error` if a rule does not hold, unless a sandbox has switched the rule off.
    pub(crate) fn require(&self, holds: bool, error: impl FnOnce() -> RuleError) -> Result<(), RuleError> {
        if holds {
            return Ok(());
        }
        let error = error();
        if self.enforces(error.rule()) { Err(error) } else { Ok(()) }
    }
}

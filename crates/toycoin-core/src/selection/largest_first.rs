//! The largest coins first: as few coins as can be.

use super::{Candidates, Goal, SelectionError};
use crate::amount::Amount;

/// Returns the places of the largest coins that reach the target.
///
/// # Errors
/// If more coins would be needed than fit.
pub(super) fn find(candidates: &Candidates, goal: &Goal) -> Result<Vec<usize>, SelectionError> {
    let most = goal.max_coins();
    let mut sum = Amount::ZERO;
    for index in 0..candidates.len().min(usize::try_from(most).unwrap_or(usize::MAX)) {
        sum = sum.saturating_add(candidates.effective(index));
        if sum >= goal.target() {
            return Ok((0..=index).collect());
        }
    }
    Err(SelectionError::TooMany { most })
}

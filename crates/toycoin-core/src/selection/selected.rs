//! What was selected.

use crate::{amount::Amount, transaction::OutPoint};

/// The selected coins, and what becomes of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The coins with their values, the greatest first.
    pub coins: Vec<(OutPoint, Amount)>,
    /// The change, at least what it costs to spend it; `None` if less remains, which then goes to the miner.
    pub change: Option<Amount>,
    /// What the miner gets.
    pub fee: Amount,
    /// How the coins were found.
    pub way: Way,
}

/// How coins were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A set without change was found, of the least waste among those looked at.
    BranchAndBound,
    /// The coins were drawn by lot.
    RandomDraw,
    /// The largest coins were taken.
    LargestFirst,
    /// All coins were taken, as asked.
    All,
}

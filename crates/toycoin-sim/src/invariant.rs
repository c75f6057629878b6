//! What must hold.

use crate::network::Network;

/// An invariant of the caller's.
pub(crate) type Check = Box<dyn Fn(&Network) -> Result<(), String>>;
/// What is checked beside the built-in invariants, and its bounds.
pub(crate) struct Invariants {
    pub(crate) callers: Vec<(String, Check)>,
    pub(crate) mempool_bytes: usize,
}

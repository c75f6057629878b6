//! Which places come next.

use crate::limits::MAX_INDEX;

/// The first index of each branch that was not used yet, as a file's `next` has it.
///
/// In a file it is a hint: it is not authenticated, and a scan of the chain corrects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NextPlaces {
    /// Next index of the branch [`Receive`](crate::Branch::Receive), at most [`MAX_INDEX`](crate::limits::MAX_INDEX).
    pub receive: u32,
    /// Next index of the branch [`Change`](crate::Branch::Change), at most [`MAX_INDEX`](crate::limits::MAX_INDEX).
    pub change: u32,
}

impl NextPlaces {
    /// Returns the same with both numbers within their bound.
    pub(crate) const fn bounded(self) -> Self {
        const fn least(index: u32) -> u32 {
            if index > MAX_INDEX { MAX_INDEX } else { index }
        }
        Self { receive: least(self.receive), change: least(self.change) }
    }
}

//! Bugs on purpose: what the invariants are for.

/// One behaviour broken on purpose, to show that an invariant notices.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The store does not write what a block does to the coins.
    ForgetsCoins,
    /// A crash loses the earlier half of the writes, and keeps the later.
    TearsWrites,
    /// The machine is not woken while it has something to do.
    SleepsWithWorkToDo,
}

//! Bugs on purpose: what the invariants are for.

/// One behaviour broken on purpose, to show that an invariant notices.
#[cfg_attr(not(feature = "test-util"), allow(dead_code, unreachable_pub, reason = "only tests plant bugs"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The store does not write what a block does to the coins.
    ForgetsCoins,
    /// The store still hands out coins that were spent.
    KeepsSpentCoins,
    /// A crash loses the earlier half of the writes, and keeps the later.
    TearsWrites,
    /// The store says that it has synced, and has not.
    ForgetsSync,
    /// The machine is not woken while it has something to do.
    SleepsWithWorkToDo,
    /// The mempool knows no bound.
    KeepsEveryPayment,
    /// No peer is muted, whatever its score.
    Forgives,
    /// Nobody hears of blocks that leave the chain.
    HidesDisconnections,
    /// It takes what it sent for written.
    BelievesAllWritten,
    /// It mines no more from height 5 on.
    StopsMining,
    /// It does not mine in ten of every twenty seconds.
    RestsOften,
    /// It halts at height 5.
    Halts,
}

//! Bugs planted on purpose, which the invariants must find.

/// One behaviour broken on purpose, to show that an invariant notices.
#[cfg_attr(not(feature = "test-util"), allow(dead_code, unreachable_pub, reason = "only tests plant bugs"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The store does not write a block's changes to the coins.
    ForgetsCoins,
    /// The store still returns coins that were spent.
    KeepsSpentCoins,
    /// A crash loses the earlier half of the unsynced writes and keeps the later half.
    TearsWrites,
    /// The store reports that it has synced, but has not.
    ForgetsSync,
    /// The machine is not woken although it has work to do.
    SleepsWithWorkToDo,
    /// The mempool has no limit.
    KeepsEveryPayment,
    /// No peer is muted, whatever its score.
    Forgives,
    /// Nothing reports blocks that leave the chain.
    HidesDisconnections,
    /// The node assumes that everything it sent was written.
    BelievesAllWritten,
    /// The node stops mining at height 5.
    StopsMining,
    /// The node does not mine during 10 of every 20 seconds.
    RestsOften,
    /// The node judges nothing that it hears by gossip.
    JudgesNothing,
    /// The node of a mesh restarts without its peers file, and without the address that it was given at first.
    LosesPeersFile,
    /// The light client keeps blocks that were replaced.
    KeepsReplacedBlocks,
    /// The light client asks nobody.
    AsksNothing,
    /// The node halts at height 5.
    Halts,
}

//! Bounds on peers: how many are remembered, their misbehaviour scores and their mutes.

use std::time::Duration;

/// Most peers that a node remembers.
pub const PEERS: usize = 4_096;

/// Time without a message after which a peer is forgotten.
pub const PEER_SILENCE: Duration = Duration::from_secs(150);

/// Interval between two searches for silent peers.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Misbehaviour score at which a peer is muted.
pub const MUTE_SCORE: u32 = 100;

/// Duration of a peer's first mute. Each further mute lasts twice as long as the one before.
pub const MUTE_FIRST: Duration = Duration::from_secs(5);

/// Longest duration of a mute.
pub const MAX_MUTE: Duration = Duration::from_secs(600);

/// Highest count of a peer's mutes. It gives the longest mute, and a higher count would only take longer to decay.
pub const MAX_MUTE_COUNT: u32 = 8;
const _: () = assert!(MUTE_FIRST.as_secs() << (MAX_MUTE_COUNT - 1) >= MAX_MUTE.as_secs());

/// Time without a mute after which a peer's number of mutes counts half. It is halved again after each further such
/// time.
pub const MUTE_COUNT_HALVES: Duration = Duration::from_secs(3_600);

/// Most peers whose mutes are remembered, even after the peers themselves are forgotten.
pub const MUTES: usize = 4_096;

/// Time after which one point of a misbehaviour score is forgotten.
pub const SCORE_DECAY: Duration = Duration::from_secs(10);

/// Points for headers that nobody asked for.
pub const POINTS_UNASKED: u32 = 10;

/// Points for headers that begin after an unknown block.
pub const POINTS_UNKNOWN_START: u32 = 20;

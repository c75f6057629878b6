//! A node's clock warning: the difference, the suspect, and what to do.

use std::fmt::{self, Display, Formatter};

use toycoin_core::HumanDuration;

/// This machine's clock and the times from others differ by more than the network tolerates.
///
/// `Display` writes a sentence for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockWarning {
    /// Milliseconds by which the others are ahead of this machine's clock; negative when they are behind. At most a
    /// year in either direction ([`MAX_CLOCK_OFFSET`](crate::limits::MAX_CLOCK_OFFSET)), whatever they claim.
    pub offset_ms: i64,
    /// Milliseconds by which the network lets a block be ahead of a node's clock.
    pub max_future_ms: u64,
    /// The evidence for the difference.
    pub cause: ClockCause,
    /// The clock that seems wrong.
    pub suspect: ClockSuspect,
}

/// The evidence that clocks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockCause {
    /// The median of the times in peers' statuses.
    Peers {
        /// Number of peers.
        count: usize,
    },
    /// The median of the timestamps of the last accepted blocks.
    Blocks {
        /// Number of blocks.
        count: usize,
    },
    /// Deferred blocks or headers of peers, which wait here until their time comes.
    Deferred {
        /// Milliseconds until the first of them is accepted, at most a year.
        wait_ms: u64,
    },
    /// A deferred block of this node, which waits here until its time comes, because the clock was set back.
    OwnDeferred {
        /// Milliseconds until it is accepted, at most a year.
        wait_ms: u64,
    },
}

/// The clock that seems wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockSuspect {
    /// This machine's clock: several peers agree against it, or it was set back.
    ThisClock,
    /// A miner's clock: the peers' clocks agree with this machine's.
    Miner,
    /// This machine's clock or the other side's: nobody else was heard.
    Either,
}

/// The kind of a warning. Each kind has its own interval between repetitions.
pub(super) type ClockKind = (u8, bool, ClockSuspect);

impl ClockWarning {
    /// Returns the warning's kind. There are few kinds, so their number bounds the warnings.
    pub(super) const fn kind(&self) -> ClockKind {
        let cause = match self.cause {
            ClockCause::Peers { .. } => 0,
            ClockCause::Blocks { .. } => 1,
            ClockCause::Deferred { .. } => 2,
            ClockCause::OwnDeferred { .. } => 3,
        };
        (cause, self.offset_ms > 0, self.suspect)
    }

    /// Returns the consequence of the wrong clock until it is set.
    const fn consequence(&self) -> &'static str {
        match (self.offset_ms > 0, self.offset_ms.unsigned_abs() > self.max_future_ms) {
            (true, true) => "until then the network's blocks wait here, and blocks mined here are lost",
            (true, false) => "until then some blocks of others may wait here",
            (false, true) => "until then blocks mined here wait at other nodes, and are lost",
            (false, false) => "until then some blocks mined here may wait at other nodes",
        }
    }
}

impl Display for ClockWarning {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let size = HumanDuration::from_ms(self.offset_ms.unsigned_abs());
        let side = if self.offset_ms > 0 { "behind" } else { "ahead of" };
        match self.cause {
            ClockCause::Peers { count: 1 } => write!(f, "this machine's clock is {size} {side} that of its only peer")?,
            ClockCause::Peers { count } => {
                write!(f, "this machine's clock is {size} {side} those of its {count} peers")?
            }
            ClockCause::Blocks { count: 1 } => {
                write!(f, "the last block is dated {size} ahead of this machine's clock")?
            }
            ClockCause::Blocks { count } => {
                write!(f, "the last {count} blocks are dated {size} ahead of this machine's clock")?;
            }
            ClockCause::Deferred { wait_ms } => {
                let wait = HumanDuration::from_ms(wait_ms);
                write!(f, "the next block is dated {size} ahead of this machine's clock and is taken in {wait}")?;
            }
            ClockCause::OwnDeferred { wait_ms } => {
                let wait = HumanDuration::from_ms(wait_ms);
                write!(f, "this node's own block is dated {size} ahead of its clock and is taken in {wait}")?;
            }
        }
        let consequence = self.consequence();
        match (self.suspect, self.cause) {
            (ClockSuspect::ThisClock, ClockCause::OwnDeferred { .. }) => {
                f.write_str("; the clock was set back: check that it is right")
            }
            (ClockSuspect::ThisClock, ClockCause::Peers { .. }) => write!(f, ": set it; {consequence}"),
            (ClockSuspect::ThisClock, _) => write!(f, "; the peers' clocks say so too: set this one; {consequence}"),
            (ClockSuspect::Miner, _) => f.write_str("; the peers' clocks agree with this one: a miner's clock is off"),
            (ClockSuspect::Either, _) => {
                write!(f, "; one of the two is off: if it is this one, set it; {consequence}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_whose_and_what_to_do() {
        let (this, miner, either) = (ClockSuspect::ThisClock, ClockSuspect::Miner, ClockSuspect::Either);
        let said =
            |offset_ms, cause, suspect| ClockWarning { offset_ms, max_future_ms: 120_000, cause, suspect }.to_string();
        let peers = |count| ClockCause::Peers { count };
        assert_eq!(
            said(252_000, peers(3), this),
            "this machine's clock is 4 min 12 s behind those of its 3 peers: set it; until then the network's blocks \
             wait here, and blocks mined here are lost"
        );
        assert_eq!(
            said(-252_000, peers(3), this),
            "this machine's clock is 4 min 12 s ahead of those of its 3 peers: set it; until then blocks mined here wait \
             at other nodes, and are lost"
        );
        assert_eq!(
            said(-90_000, peers(1), either),
            "this machine's clock is 1 min 30 s ahead of that of its only peer; one of the two is off: if it is this \
             one, set it; until then some blocks mined here may wait at other nodes"
        );
        assert_eq!(
            said(61_000, ClockCause::Blocks { count: 11 }, miner),
            "the last 11 blocks are dated 1 min 1 s ahead of this machine's clock; the peers' clocks agree with this \
             one: a miner's clock is off"
        );
        assert_eq!(
            said(7_380_000, ClockCause::Deferred { wait_ms: 7_260_000 }, this),
            "the next block is dated 2 h 3 min ahead of this machine's clock and is taken in 2 h 1 min; the peers' \
             clocks say so too: set this one; until then the network's blocks wait here, and blocks mined here are lost"
        );
    }
}

//! The interface of every machine of toycoin: it takes inputs and the time, and returns outputs.
//!
//! A machine owns no socket, no task, no clock, no thread, and no random generator but one seeded from outside. So the
//! same code runs over TCP, in a test that feeds one input at a time, and in a simulator with virtual time. Two runs
//! with the same inputs give the same outputs, byte for byte.
//!
//! ```text
//!                 handle(now, input)             poll_output() until None
//!   driver  ───────────────────────▶  machine  ───────────────────────────▶  driver
//!                                        │  next_timeout()
//!                                        └──────────────▶  "wake me then with a Timeout"
//! ```

use std::{ops::Add, time::Duration};

/// A moment on a clock that never goes back, counted from an origin that the driver chose.
///
/// `std::time::Instant` cannot be made without asking a clock, and a machine has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The origin itself.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// Returns the moment that lies `since_origin` after the origin.
    pub const fn new(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Returns the time since the origin.
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// Returns the time from `earlier` to this moment, zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    /// Adds a duration; saturates at the largest `Duration`.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// The time of an input: one clock for intervals, one for the timestamps of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Time for intervals and timeouts.
    pub monotonic: Monotonic,
    /// Unix time in milliseconds; it may jump, in either direction.
    pub unix_ms: u64,
}

/// A state machine without I/O.
///
/// The driver's loop: pass in an input, take all outputs, then sleep until the next input or
/// [`next_timeout`](Self::next_timeout), whichever comes first. When the timeout comes first, pass in the machine's
/// timeout input.
pub trait Machine {
    /// An input. It may borrow, so that a driver's read buffer need not be copied.
    type Input<'a>;
    /// An output: something that the driver must do.
    type Output;

    /// Processes one input. `now` must never be before that of an earlier call.
    fn handle(&mut self, now: Now, input: Self::Input<'_>);

    /// Returns the next output in order, or `None` when all are taken.
    fn poll_output(&mut self) -> Option<Self::Output>;

    /// Returns when the machine must be woken; `None` if only an input can change anything.
    fn next_timeout(&self) -> Option<Monotonic>;
}

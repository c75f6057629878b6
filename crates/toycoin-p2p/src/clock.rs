//! The clocks of the carrier, from which the machine of peering gets its time.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use toycoin_node::machine::{Monotonic, Now};

/// A monotonic clock with its origin, beside the system's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms = u64::try_from(unix.as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::new(self.0.elapsed()), unix_ms }
    }

    /// Returns the hour of the system's clock, counted from the Unix epoch.
    pub(crate) fn hour(self) -> u32 {
        u32::try_from(self.now().unix_ms / 3_600_000).unwrap_or(u32::MAX)
    }

    pub(crate) fn instant(self, at: Monotonic) -> Instant {
        self.0 + at.since_origin()
    }
}

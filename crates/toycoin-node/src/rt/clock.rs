//! The clocks of a running program, from which its machines get their time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::machine::{Monotonic, Now};

/// A monotonic clock with its origin, beside the system's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms = u64::try_from(unix.as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::new(self.0.elapsed()), unix_ms }
    }

    pub(super) fn instant(self, at: Monotonic) -> tokio::time::Instant {
        (self.0 + at.since_origin()).into()
    }
}

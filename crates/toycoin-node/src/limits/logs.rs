//! Rate limit of log lines that strangers can cause.

use std::time::Duration;

/// Most log lines of one kind that are written in a burst.
pub const LOG_LINES: u32 = 10;

/// Time after which each kind of log line may write one more line.
pub const LOG_REFILL: Duration = Duration::from_secs(2);

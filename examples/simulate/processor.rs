//! How much of a processor a thread took: on a machine with other things to do, a watch says little.

use std::time::Duration;

/// Returns the time that a processor spent on this thread; `None` where the system does not say.
pub(crate) fn processor_time() -> Option<Duration> {
    // nanoseconds on a processor come first
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    line.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

//! Processor time of a thread, which is more reliable than clock time on a busy machine.

use std::time::Duration;

/// Returns the processor time of this thread; `None` if the system does not report it.
pub(crate) fn processor_time() -> Option<Duration> {
    // the first field is the time on a processor in nanoseconds
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    line.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

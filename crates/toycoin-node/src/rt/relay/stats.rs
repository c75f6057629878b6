//! The counters of a running relay.

use std::sync::{Arc, Mutex, PoisonError};

use crate::relay::RelayStats;

/// Reads the counters of a relay, on any thread. Both sides wait for each other only while the counters are copied; see
/// [`RelayServer::stats_reader`](super::RelayServer::stats_reader).
///
/// They are those at the end of the relay's last turn, a few milliseconds ago at most, and zero before it runs. They
/// stay when the relay has ended.
#[derive(Debug, Clone, Default)]
pub struct RelayStatsReader {
    // the relay writes it once per turn, not once per message
    latest: Arc<Mutex<RelayStats>>,
}

impl RelayStatsReader {
    /// Returns the counters.
    pub fn stats(&self) -> RelayStats {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, stats: RelayStats) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }
}

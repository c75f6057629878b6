//! How much a relay holds for whoever reads slowly: for tests of the bounds.

use super::RelayMachine;

/// What the fullest connection makes a relay hold; each has its bound in [`limits`](crate::limits).
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayCounts {
    pub most_queued_bytes: usize,
    pub most_queued_deliveries: usize,
    pub most_queued_controls: usize,
    pub most_queued_gaps: usize,
    pub most_subscriptions: usize,
}

impl RelayMachine {
    /// Returns how much of everything the connection has that has most of it.
    #[doc(hidden)]
    pub fn counts(&self) -> RelayCounts {
        let mut counts = RelayCounts::default();
        for connection in self.connections.iter().flatten() {
            let queue = &connection.queue;
            counts.most_queued_bytes = counts.most_queued_bytes.max(queue.bytes());
            counts.most_queued_deliveries = counts.most_queued_deliveries.max(queue.deliveries());
            counts.most_queued_controls = counts.most_queued_controls.max(queue.controls());
            counts.most_queued_gaps = counts.most_queued_gaps.max(queue.gaps());
            counts.most_subscriptions = counts.most_subscriptions.max(connection.subscriptions.len());
        }
        counts
    }
}

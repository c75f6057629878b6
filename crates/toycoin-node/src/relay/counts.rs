//! How much a relay holds for whoever reads slowly: for tests of the bounds (feature `test-util`).

use super::RelayMachine;

/// What the fullest connection makes a relay hold; each has its bound in [`limits`](crate::limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayCounts {
    /// Bytes in its queue.
    pub most_queued_bytes: usize,
    /// Deliveries in its queue.
    pub most_queued_deliveries: usize,
    /// Control frames in its queue.
    pub most_queued_controls: usize,
    /// Places in its queue where deliveries were dropped.
    pub most_queued_gaps: usize,
    /// Channels that it has subscribed.
    pub most_subscriptions: usize,
}

impl RelayMachine {
    /// Returns how much of everything the connection has that has most of it.
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

//! What a relay holds for slow readers, for tests of the bounds (feature `test-util`).

use crate::relay::RelayMachine;

/// The largest values over all connections of a relay. Each has its bound in [`limits`](crate::limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayCounts {
    /// Most bytes in one connection's queue.
    pub most_queued_bytes: usize,
    /// Most deliveries in one connection's queue.
    pub most_queued_deliveries: usize,
    /// Most control frames in one connection's queue.
    pub most_queued_controls: usize,
    /// Most places in one connection's queue where deliveries were dropped.
    pub most_queued_gaps: usize,
    /// Most channels that one connection has subscribed to.
    pub most_subscriptions: usize,
}

impl RelayMachine {
    /// Returns each count of the connection that has most.
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

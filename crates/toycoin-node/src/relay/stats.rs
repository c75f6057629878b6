//! A relay's counters.

/// Counters of a relay since its start, and its present size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RelayStats {
    /// Present connections, those that are being closed included.
    pub connections: usize,
    /// Present channels, each with at least one subscriber.
    pub channels: usize,
    /// Present bytes of memory in queues, with each delivery counted once.
    pub queued_bytes: usize,
    /// Present bytes of incomplete frames.
    pub partial_bytes: usize,
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Connections that the relay ended, for any reason.
    pub closed: u64,
    /// Connections that the relay ended for a reason that no honest client causes.
    pub closed_for_misbehaviour: u64,
    /// `PUBL` frames taken.
    pub published: u64,
    /// Deliveries put into queues; one published message may make many.
    pub delivered: u64,
    /// Deliveries dropped from queues, which `LAGD` reported to the subscriber.
    pub dropped: u64,
    /// Directed messages whose receiver is not connected, is not subscribed, or is the sender.
    pub undeliverable: u64,
    /// Frames with an unknown tag.
    pub unknown_frames: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

//! What a relay counts.

/// Counters of a relay since it began, and its present size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RelayStats {
    /// Connections at present, those that are being closed included.
    pub connections: usize,
    /// Channels with a subscriber at present.
    pub channels: usize,
    /// Bytes of memory in queues at present, each delivery counted once.
    pub queued_bytes: usize,
    /// Bytes of incomplete frames at present.
    pub partial_bytes: usize,
    /// Connections that were ever opened.
    pub accepted: u64,
    /// Connections that the relay ended, for any reason.
    pub closed: u64,
    /// Those of them that no honest client causes.
    pub closed_for_misbehaviour: u64,
    /// `PUBL` frames taken.
    pub published: u64,
    /// Deliveries put into queues; one published message may make many.
    pub delivered: u64,
    /// Deliveries dropped from queues again, which `LAGD` told the subscriber.
    pub dropped: u64,
    /// Directed messages whose receiver is not there, is not subscribed, or is the sender.
    pub undeliverable: u64,
    /// Frames with an unknown tag.
    pub unknown_frames: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

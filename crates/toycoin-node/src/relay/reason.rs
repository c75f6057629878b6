//! The reasons why a relay ends a connection.

use thiserror::Error;

/// The reason why a relay ends a connection. The text is what its `GBYE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The `HELO` did not come in time.
    #[error("no HELO within 3 s")]
    HelloTimeout,
    /// The client speaks another version of the protocol.
    #[error("only version 1 is spoken here")]
    Version,
    /// Another connection already has the node id.
    #[error("node id is already connected")]
    NodeIdTaken,
    /// The relay already has its most connections.
    #[error("relay has no room for another connection")]
    TooManyConnections,
    /// The relay already has its most channels.
    #[error("relay has no room for another channel")]
    TooManyChannels,
    /// The connection already has its most subscriptions.
    #[error("too many subscriptions")]
    TooManySubscriptions,
    /// The name is not a valid channel.
    #[error("bad channel name")]
    BadChannel,
    /// The bytes are not a valid frame, or the frame is one that clients do not send.
    #[error("bad frame")]
    BadFrame,
    /// The body of a frame does not match its tag.
    #[error("malformed message")]
    BadMessage,
    /// The client sent a second `HELO`.
    #[error("second HELO")]
    SecondHello,
    /// The client asked for more control frames than it reads.
    #[error("control frames are not read")]
    ControlsUnread,
    /// A frame arrived at less than 1 kB/s.
    #[error("frame arrives too slowly")]
    SlowFrame,
    /// This connection's incomplete frame was the largest when all incomplete frames together exceeded their bound.
    #[error("too many incomplete frames")]
    PartialMemory,
    /// No byte could be written for too long.
    #[error("nothing was read for 10 s")]
    Stalled,
    /// This connection's half written delivery was the oldest when the relay's queues exceeded their bound and nothing
    /// else could be dropped.
    #[error("relay memory is full, and this connection reads slowest")]
    UnreadMemory,
    /// No byte arrived for too long.
    #[error("silent for 120 s")]
    Silent,
    /// The relay shuts down.
    #[error("relay is shutting down")]
    Shutdown,
    /// The client said goodbye.
    #[error("closed by the client")]
    ByPeer,
}

impl CloseReason {
    /// Returns whether no honest client of this version causes it.
    pub const fn is_misbehaviour(self) -> bool {
        matches!(
            self,
            Self::BadChannel
                | Self::BadFrame
                | Self::BadMessage
                | Self::SecondHello
                | Self::ControlsUnread
                | Self::TooManySubscriptions
        )
    }
}

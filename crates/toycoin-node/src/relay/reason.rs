//! Why a relay ends a connection.

use thiserror::Error;

/// Why a relay ends a connection; the text is what its `GBYE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// No `HELO` within its time.
    #[error("no HELO within 3 s")]
    HelloTimeout,
    /// Another version of the protocol.
    #[error("only version 1 is spoken here")]
    Version,
    /// The node id is that of another connection.
    #[error("node id is already connected")]
    NodeIdTaken,
    /// As many connections as the relay takes.
    #[error("relay has no room for another connection")]
    TooManyConnections,
    /// As many channels as the relay holds.
    #[error("relay has no room for another channel")]
    TooManyChannels,
    /// As many subscriptions as a connection may have.
    #[error("too many subscriptions")]
    TooManySubscriptions,
    /// A name that no channel can have.
    #[error("bad channel name")]
    BadChannel,
    /// Bytes that are no frame, or a frame that clients do not send.
    #[error("bad frame")]
    BadFrame,
    /// A frame whose body is not the message of its tag.
    #[error("malformed message")]
    BadMessage,
    /// A second `HELO`.
    #[error("second HELO")]
    SecondHello,
    /// More control frames asked for than read.
    #[error("control frames are not read")]
    ControlsUnread,
    /// A frame that arrives at less than 1 kB/s.
    #[error("frame arrives too slowly")]
    SlowFrame,
    /// The largest incomplete frame when all of them together were too much.
    #[error("too many incomplete frames")]
    PartialMemory,
    /// No byte could be written for too long.
    #[error("nothing was read for 10 s")]
    Stalled,
    /// The oldest half written delivery when what waits in the relay was too much and nothing else could be dropped.
    #[error("relay memory is full, and this connection reads slowest")]
    UnreadMemory,
    /// No byte came for too long.
    #[error("silent for 120 s")]
    Silent,
    /// The relay is being shut down.
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

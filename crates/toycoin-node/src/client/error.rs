//! Errors of a relay connection.

use thiserror::Error;
use toycoin_wire::{DecodeError, FrameError, Tag};

use crate::limits::{SILENCE_TIMEOUT, WELCOME_TIMEOUT};

/// The reason why a relay connection failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The relay's bytes are not valid frames.
    #[error("relay sent a bad frame: {0}")]
    Frame(#[from] FrameError),
    /// The relay sent a frame whose body does not match its tag.
    #[error("relay sent a malformed {tag}: {error}")]
    Message {
        /// The tag.
        tag: Tag,
        /// The decoding error.
        error: DecodeError,
    },
    /// The relay welcomed the client twice.
    #[error("relay sent a second WELC")]
    SecondWelcome,
    /// The relay said goodbye and closes the connection.
    #[error("relay said goodbye: {reason}")]
    Goodbye {
        /// The relay's reason; control characters are escaped.
        reason: String,
    },
    /// The relay allows fewer subscriptions than the client has channels.
    #[error("relay allows {offered} subscriptions, this client has {wanted} channels")]
    TooFewSubscriptions {
        /// The number that the relay allows.
        offered: u32,
        /// The number of the client's channels.
        wanted: usize,
    },
    /// The relay did not complete the handshake in time.
    #[error("relay did not complete the handshake within {} s", WELCOME_TIMEOUT.as_secs())]
    WelcomeTimeout,
    /// No byte came for two minutes.
    #[error("relay sent nothing for {} s", SILENCE_TIMEOUT.as_secs())]
    Silent,
    /// The relay sends PINGs faster than the client's answers can be sent.
    #[error("relay sends more PINGs than can be answered")]
    PingFlood,
    /// The connection had already failed with an earlier error.
    #[error("relay connection has failed already; connect again")]
    Over,
}

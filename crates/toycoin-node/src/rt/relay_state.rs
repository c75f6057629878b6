//! The state of a node's relay connections.

/// The state of a relay connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayState {
    /// The first attempt is under way.
    Connecting,
    /// The relay has welcomed the node.
    Ready,
    /// The relay could not be reached, or the connection is lost. The node reconnects by itself.
    Failed {
        /// The address and the cause, as text.
        reason: String,
    },
}

impl RelayState {
    /// Returns whether messages can be sent and received.
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Returns why there is no connection, if an attempt failed.
    pub const fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed { reason } => Some(reason.as_str()),
            _ => None,
        }
    }
}

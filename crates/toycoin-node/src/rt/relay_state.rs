//! How a node's relay connections are.

/// How a relay connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayState {
    /// The first attempt is under way.
    Connecting,
    /// It is ready: the relay has welcomed the node.
    Ready,
    /// It was not to be made, or is lost. The next attempt follows by itself.
    Failed {
        /// Address and cause, in words.
        reason: String,
    },
}

impl RelayState {
    /// Returns whether messages come and go.
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Returns why there is no connection, if one was tried.
    pub const fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed { reason } => Some(reason.as_str()),
            _ => None,
        }
    }
}

//! Why a network cannot be changed as a caller asks.

use thiserror::Error;

use crate::fault::FaultKind;

/// The reason why a network cannot be changed as asked.
///
/// It is unchanged then, except by a payment that a node [refused](Self::Refused).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such node.
    #[error("there is no node {node}: the network has {nodes}, and the first is node 0")]
    NoSuchNode {
        /// The node.
        node: usize,
        /// The number of nodes.
        nodes: usize,
    },
    /// There is no such relay.
    #[error("there is no relay {relay}: the network has {relays}, and the first is relay 0")]
    NoSuchRelay {
        /// The relay.
        relay: usize,
        /// The number of relays.
        relays: usize,
    },
    /// It is a fault of relays, and a mesh has none.
    #[error("{kind:?} is a fault of relays, and a mesh has none")]
    NeedsRelays {
        /// The kind of the fault.
        kind: FaultKind,
    },
    /// The fault cannot begin while the network runs, or is no fault, or a hash rate is too high.
    #[error("this does not fit a running network: {reason}")]
    Unfit {
        /// The reason.
        reason: &'static str,
    },
    /// The fault has ended already.
    #[error("this fault has ended already")]
    AlreadyEnded,
    /// The node was built with the hash rate 0, so it has no payout and cannot mine.
    #[error("node {node} was built with the hash rate 0 and cannot mine")]
    NoPayout {
        /// The node.
        node: usize,
    },
    /// The nodes of this network are linked in pairs, and a new node has no partner.
    #[error("a node can be added where nodes meet on relays, and not to direct links")]
    NoRelays,
    /// The node is down, or is no honest node with a wallet.
    #[error("node {node} cannot pay: it is down, or an adversary")]
    CannotPay {
        /// The node.
        node: usize,
    },
    /// The wallet makes no such payment, or its node refuses it. In the second case the payment was made: the wallet
    /// keeps it as rejected, and [`Statistics`](crate::Statistics) count it.
    #[error("the payment is refused: {reason}")]
    Refused {
        /// The reason.
        reason: String,
    },
}

//! What the machine of peering hears and says.

use core::net::IpAddr;
use std::time::Duration;

use thiserror::Error;
use toycoin_core::Work;

use super::{Endpoint, PeerAddress, PeerId};

/// Who dialled a connection, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The peer dialled us.
    Inbound,
    /// We dialled the peer, and keep the connection.
    Outbound,
    /// We dialled the peer to learn whether its address is good. The connection is closed at once.
    Feeler,
}

/// An input of peering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeeringInput {
    /// Addresses that were heard of: an `ADDR` of `source`, or what a peer says of itself. Each comes with the hour in
    /// which it was seen last, counted from the Unix epoch.
    Heard {
        /// The IP address of whoever named them.
        source: IpAddr,
        /// The addresses.
        addresses: Vec<(PeerAddress, u32)>,
    },
    /// A peer is connected, and both sides have joined. A dialled one answers a [`PeeringOutput::Dial`].
    Connected {
        /// The peer.
        peer: PeerId,
        /// The remote address; for a peer that dialled us, its port is not where it listens.
        endpoint: Endpoint,
        /// Who dialled.
        role: Role,
    },
    /// A dial failed, or the connection ended before both sides had joined.
    Failed {
        /// The address that was dialled.
        endpoint: Endpoint,
    },
    /// The node at a dialled address is this node itself.
    IsSelf {
        /// The address.
        endpoint: Endpoint,
    },
    /// A connection has ended.
    Gone {
        /// The peer.
        peer: PeerId,
    },
    /// A peer is muted: no connection with it for a time.
    Shunned {
        /// The peer.
        peer: PeerId,
        /// For how long.
        time: Duration,
    },
    /// A peer said how much work its chain has, beside the work of ours.
    Shows {
        /// The peer.
        peer: PeerId,
        /// The work that it claims.
        work: Work,
        /// The work of our active chain.
        ours: Work,
    },
    /// A peer was the first to bring a valid block.
    BroughtBlock {
        /// The peer.
        peer: PeerId,
    },
    /// A peer was the first to bring a valid transaction.
    BroughtTransaction {
        /// The peer.
        peer: PeerId,
    },
    /// A peer answered a ping.
    Pinged {
        /// The peer.
        peer: PeerId,
        /// The round trip time.
        took: Duration,
    },
    /// The time of `next_timeout` has come.
    Timeout,
}

/// An output of peering: what its driver must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeeringOutput {
    /// Dial an address. The driver answers with [`PeeringInput::Connected`], [`PeeringInput::Failed`] or
    /// [`PeeringInput::IsSelf`].
    Dial {
        /// Whom to dial.
        address: PeerAddress,
        /// [`Role::Outbound`] or [`Role::Feeler`].
        role: Role,
    },
    /// Close the connection with a peer.
    Drop {
        /// The peer.
        peer: PeerId,
        /// The reason, for logs.
        reason: &'static str,
    },
    /// Ask a peer for addresses (`GADR`).
    AskAddresses {
        /// The peer.
        peer: PeerId,
    },
    /// Write the peers file, whose text `Peering::file` returns.
    Save,
}

/// The reason why a connection is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The peer is muted.
    #[error("the peer is muted")]
    Shunned,
    /// Too many connections from its IP address.
    #[error("too many connections from one address")]
    FullAddress,
    /// Too many connections from its group of addresses.
    #[error("too many connections from one group of addresses")]
    FullGroup,
    /// Only peers that were named are trusted.
    #[error("the peer is not on the list of trusted ones")]
    NotTrusted,
    /// No connections are accepted at all.
    #[error("this node accepts no connections")]
    NoInbound,
}

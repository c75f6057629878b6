//! What a program sees of a running carrier.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot};
use toycoin_node::{
    peering::{PeerAddress, PeerId},
    protocol::Direction,
};
use toycoin_wire::NodeId;

/// A running carrier. Clones are handles of the same one; dropping them all does not end it.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) peer_id: PeerId,
    pub(crate) shared: Arc<Shared>,
    pub(crate) requests: mpsc::Sender<Request>,
}

/// A peer that has joined.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerReport {
    /// Its peer id.
    pub id: PeerId,
    /// The name by which the node's machine calls it.
    pub node: NodeId,
    /// Its remote address. For a peer that dialled us, the port is not where it listens.
    pub address: PeerAddress,
    /// Who dialled.
    pub direction: Direction,
    /// The name of its program as it tells it, made safe for terminals, at most 64 characters.
    pub agent: String,
    /// Its gossip score; 0 for a newcomer, negative after misbehaviour.
    pub score: f64,
    /// Whether it takes part in the gossip of transactions, of blocks, or both.
    pub gossips: bool,
}

/// How often something has happened since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Gossiped messages that went on.
    pub accepted: u64,
    /// Gossiped messages that did not go on, without fault of their sender.
    pub ignored: u64,
    /// Gossiped messages that counted against their sender.
    pub rejected: u64,
    /// Those of the ignored that nobody judged, because the node was behind or took too long.
    pub unjudged: u64,
    /// Messages that were published.
    pub published: u64,
    /// Questions of ours that were sent.
    pub asked: u64,
    /// Questions of ours that failed: no answer in time, or the stream was reset.
    pub failed: u64,
    /// Questions of ours that were dropped, because too many waited for one peer.
    pub unasked: u64,
    /// Questions of peers that went to the node.
    pub questions: u64,
    /// Questions of peers that got an empty answer, because the node was behind or the peer reads too slowly.
    pub unanswered: u64,
    /// Frames of answers that were left out, because the peer reads too slowly.
    pub left_out: u64,
    /// Frames of answers that were dropped, because the node was behind.
    pub unheard: u64,
    /// Connections that were refused.
    pub refused: u64,
    /// Peers that were muted for frames that break the protocol of questions and answers, or for gossip of another
    /// topic.
    pub violations: u64,
    /// Broken lines of the peers file at the start.
    pub broken_lines: u64,
}

/// What the carrier shares with its handles.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) listening: Mutex<Vec<PeerAddress>>,
    pub(crate) accepted: Counter,
    pub(crate) ignored: Counter,
    pub(crate) rejected: Counter,
    pub(crate) unjudged: Counter,
    pub(crate) published: Counter,
    pub(crate) asked: Counter,
    pub(crate) failed: Counter,
    pub(crate) unasked: Counter,
    pub(crate) questions: Counter,
    pub(crate) unanswered: Counter,
    pub(crate) left_out: Counter,
    pub(crate) unheard: Counter,
    pub(crate) refused: Counter,
    pub(crate) violations: Counter,
    pub(crate) broken_lines: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

/// A request of a handle.
#[derive(Debug)]
pub(crate) enum Request {
    /// The peers that have joined.
    Peers(oneshot::Sender<Vec<PeerReport>>),
    /// Have no connection with a peer from now on, or allow it again.
    Block {
        /// The peer.
        peer: PeerId,
        /// Whether it is blocked.
        blocked: bool,
    },
    /// End.
    Shutdown,
}

impl Handle {
    /// Returns the node's peer id.
    pub const fn peer_id(&self) -> &PeerId {
        &self.peer_id
    }

    /// Returns the addresses on which the node listens, each with its peer id.
    pub fn listening(&self) -> Vec<PeerAddress> {
        self.shared.listening()
    }

    /// Returns the peers that have joined, by peer id; none once the carrier has ended.
    pub async fn peers(&self) -> Vec<PeerReport> {
        let (reply, peers) = oneshot::channel();
        // an error means that the carrier has ended
        let _ = self.requests.send(Request::Peers(reply)).await;
        peers.await.unwrap_or_default()
    }

    /// Closes the connection with a peer, and has none with it until it is [unblocked](Self::unblock) or the carrier
    /// ends.
    pub async fn block(&self, peer: &PeerId) {
        let _ = self.requests.send(Request::Block { peer: peer.clone(), blocked: true }).await;
    }

    /// Allows connections with a peer again.
    pub async fn unblock(&self, peer: &PeerId) {
        let _ = self.requests.send(Request::Block { peer: peer.clone(), blocked: false }).await;
    }

    /// Returns how often something has happened since the start.
    pub fn counters(&self) -> Counters {
        let shared = &self.shared;
        Counters {
            accepted: shared.accepted.get(),
            ignored: shared.ignored.get(),
            rejected: shared.rejected.get(),
            unjudged: shared.unjudged.get(),
            published: shared.published.get(),
            asked: shared.asked.get(),
            failed: shared.failed.get(),
            unasked: shared.unasked.get(),
            questions: shared.questions.get(),
            unanswered: shared.unanswered.get(),
            left_out: shared.left_out.get(),
            unheard: shared.unheard.get(),
            refused: shared.refused.get(),
            violations: shared.violations.get(),
            broken_lines: shared.broken_lines.get(),
        }
    }

    /// Ends the carrier: closes all connections and writes the peers file. Returns when that is done, and at once if
    /// the carrier has ended.
    pub async fn shutdown(&self) {
        let _ = self.requests.send(Request::Shutdown).await;
        self.ended().await;
    }

    /// Waits until the carrier has ended, because its node has or [`shutdown`](Self::shutdown) was called.
    pub async fn ended(&self) {
        self.requests.closed().await;
    }
}

impl Shared {
    /// Returns the addresses on which the node listens.
    pub(crate) fn listening(&self) -> Vec<PeerAddress> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

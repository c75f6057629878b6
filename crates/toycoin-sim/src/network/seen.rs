//! What an observer sees of a running network, as typed facts.
//!
//! Observing changes nothing: it draws no dice, and adds no line to the trace.

use std::time::Duration;

use toycoin_core::{BlockHash, Header};
use toycoin_node::protocol::Event;
use toycoin_wire::{
    Tag,
    node::{NodeMessage, Payload},
    relay::{Deliver, Publish, RelayMessage},
};

use crate::{
    fault::FaultKind,
    network::{Network, traffic::split_frame},
};

/// Something that happened in a network.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The virtual time.
    pub at: Duration,
    /// What happened.
    pub fact: Fact,
}

/// A fact about a network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fact {
    /// A node was started, for the first time or after a crash.
    Started {
        /// The node.
        node: usize,
    },
    /// A node put a message on its link to a relay. It does so once for each relay.
    Sent {
        /// The sender.
        from: usize,
        /// The only recipient; `None` for all others on the relay.
        to: Option<usize>,
        /// The relay.
        relay: usize,
        /// The message.
        message: SeenMessage,
    },
    /// A message arrived at a node.
    Arrived {
        /// The recipient.
        to: usize,
        /// The sender; `None` if no node has used that id.
        from: Option<usize>,
        /// The relay.
        relay: usize,
        /// The message.
        message: SeenMessage,
    },
    /// A node of a mesh sent a message to a peer.
    MeshSent {
        /// The sender.
        from: usize,
        /// The recipient.
        to: usize,
        /// What kind of message it is.
        kind: MessageKind,
        /// The message.
        message: SeenMessage,
    },
    /// A message of a peer arrived at a node of a mesh.
    MeshArrived {
        /// The recipient.
        to: usize,
        /// The peer from which it came; the author of gossip may be another node.
        from: usize,
        /// What kind of message it is.
        kind: MessageKind,
        /// Whether it is gossip that the node has seen already. Its machine does not hear it again.
        repeated: bool,
        /// The message.
        message: SeenMessage,
    },
    /// Two nodes of a mesh are connected. A feeler is no such connection.
    Joined {
        /// The node that dialled.
        dialler: usize,
        /// The node that was dialled.
        dialled: usize,
    },
    /// A node of a mesh noticed that a peer is gone.
    Left {
        /// The node.
        node: usize,
        /// The peer.
        peer: usize,
    },
    /// A partition, a careless relay or a censor dropped a message on its way to a node.
    Withheld {
        /// The node that does not get it.
        to: usize,
        /// The sender; `None` if no node has used that id.
        from: Option<usize>,
        /// The message.
        message: SeenMessage,
    },
    /// A node found a block. What it does with it follows as its events.
    Found {
        /// The node.
        node: usize,
        /// The block's hash.
        hash: BlockHash,
        /// The block's header, which names its parent.
        header: Header,
    },
    /// A node published an event: a block that enters or leaves its chain, a move of its tip, a transaction that enters
    /// or leaves its mempool, and more.
    Event {
        /// The node.
        node: usize,
        /// The event.
        event: Event,
    },
    /// A fault began.
    FaultBegan {
        /// Its kind.
        kind: FaultKind,
    },
    /// A fault ended.
    FaultEnded {
        /// Its kind.
        kind: FaultKind,
    },
}

/// What kind of message travels on a connection of a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A transaction or a block for everybody, which goes on from node to node.
    Gossip,
    /// A question to one peer.
    Question,
    /// A part of an answer.
    Answer,
}

/// A message between nodes, as an observer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenMessage {
    /// Its tag, such as `CBLK`; `None` for a payload of fewer than 4 bytes.
    pub tag: Option<Tag>,
    /// The size of its payload, in bytes.
    pub bytes: usize,
    /// The id of the block or the transaction that it is about. For several, the first one; for headers, the last one;
    /// for a request for headers, the sender's tip. `None` if the payload does not decode, or is about nothing.
    pub about: Option<[u8; 32]>,
}

impl SeenMessage {
    /// Returns what an observer sees of a payload.
    pub fn of(payload: &[u8]) -> Self {
        let tag = payload.first_chunk().map(|tag| Tag::new(*tag));
        let about = match NodeMessage::decode(payload) {
            Ok(Payload::Message(message)) => about(&message),
            _ => None,
        };
        Self { tag, bytes: payload.len(), about }
    }
}

/// A function that is called for each fact.
pub(crate) type Observer = Box<dyn FnMut(&Seen)>;

impl Network {
    /// Calls `observer` for each fact from now on, in place of an earlier observer. It changes nothing in the network:
    /// the trace and its hash are those of a run that nobody observes.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc, time::Duration};
    /// use toycoin_sim::{Fact, Simulation};
    ///
    /// let mut network = Simulation::builder(42).nodes(3).start();
    /// let tags = Rc::new(RefCell::new(Vec::new()));
    /// let seen = Rc::clone(&tags);
    /// network.observe(move |fact| {
    ///     if let Fact::Arrived { message, .. } = &fact.fact {
    ///         seen.borrow_mut().extend(message.tag.map(|tag| tag.to_string()));
    ///     }
    /// });
    /// network.run_to(Duration::from_secs(30))?;
    /// assert!(tags.borrow().iter().any(|tag| tag == "CBLK"));
    /// # Ok::<(), toycoin_sim::Violation>(())
    /// ```
    pub fn observe(&mut self, observer: impl FnMut(&Seen) + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// Tells the observer a fact, which is made only if there is one.
    pub(crate) fn see(&mut self, fact: impl FnOnce() -> Fact) {
        if let Some(observer) = &mut self.observer {
            observer(&Seen { at: self.now, fact: fact() });
        }
    }

    /// Tells the observer what a node sends to a relay.
    pub(super) fn see_sent(&mut self, from: usize, relay: usize, bytes: &[u8]) {
        self.see_frames(bytes, |network, message| {
            let RelayMessage::Publish(Publish { to, payload, .. }) = message else { return None };
            let to = match to {
                None => None,
                // an id that nobody has is no broadcast
                Some(id) => Some(network.owners.get(&id).copied()?),
            };
            Some(Fact::Sent { from, to, relay, message: SeenMessage::of(payload) })
        });
    }

    /// Tells the observer what arrives at a node.
    pub(super) fn see_arrived(&mut self, to: usize, relay: usize, bytes: &[u8]) {
        self.see_frames(bytes, |network, message| {
            let RelayMessage::Deliver(Deliver { from, payload, .. }) = message else { return None };
            let from = network.owners.get(&from).copied();
            Some(Fact::Arrived { to, from, relay, message: SeenMessage::of(payload) })
        });
    }

    /// Tells the observer what does not reach a node.
    pub(super) fn see_withheld(&mut self, to: usize, bytes: &[u8]) {
        self.see_frames(bytes, |network, message| {
            let RelayMessage::Deliver(Deliver { from, payload, .. }) = message else { return None };
            let from = network.owners.get(&from).copied();
            Some(Fact::Withheld { to, from, message: SeenMessage::of(payload) })
        });
    }

    /// Tells the observer a fact about each whole frame that is about one.
    fn see_frames(&mut self, mut bytes: &[u8], fact: impl Fn(&Self, RelayMessage<'_>) -> Option<Fact>) {
        if self.observer.is_none() {
            return;
        }
        while let Some((frame, rest)) = split_frame(bytes) {
            bytes = rest;
            if let Some(fact) = RelayMessage::decode(frame).ok().and_then(|message| fact(self, message)) {
                self.see(|| fact);
            }
        }
    }
}

fn about(message: &NodeMessage) -> Option<[u8; 32]> {
    match message {
        NodeMessage::Status(status) => Some(status.tip.to_bytes()),
        NodeMessage::Transaction(transaction) => Some(transaction.txid().to_bytes()),
        NodeMessage::Block(block) => Some(block.hash().to_bytes()),
        NodeMessage::GetHeaders(request) => request.locator.first().map(|hash| hash.to_bytes()),
        NodeMessage::Headers(headers) => headers.last().map(|header| header.hash().to_bytes()),
        NodeMessage::GetBlocks(hashes) => hashes.first().map(|hash| hash.to_bytes()),
        NodeMessage::NotFound(ids) => ids.first().copied(),
        NodeMessage::GetTransactions(txids) => txids.first().map(|txid| txid.to_bytes()),
        NodeMessage::Reject(reject) => Some(reject.hash),
        NodeMessage::GetAddresses | NodeMessage::Addresses(_) => None,
        NodeMessage::CompactBlock(block) => Some(block.header.hash().to_bytes()),
        NodeMessage::GetBlockTransactions(request) => Some(request.block.to_bytes()),
        NodeMessage::BlockTransactions(answer) => Some(answer.block.to_bytes()),
        NodeMessage::GetProof(request) => Some(request.tip.to_bytes()),
        NodeMessage::Proof(proof) => Some(proof.tip.hash().to_bytes()),
        NodeMessage::GetAncestors(request) => request.blocks.first().map(|hash| hash.to_bytes()),
        NodeMessage::Ancestors(proof) => Some(proof.tip.to_bytes()),
        NodeMessage::GetReceipts(request) => request.transactions.first().map(|txid| txid.to_bytes()),
        NodeMessage::Receipts(receipts) => receipts.first().map(|receipt| receipt.block.to_bytes()),
        NodeMessage::GetFilters(request) => Some(request.last.to_bytes()),
        NodeMessage::Filters(filters) => filters.last().map(|filter| filter.block.to_bytes()),
        NodeMessage::GetManifest(block) => Some(block.to_bytes()),
        NodeMessage::Manifest(manifest) => Some(manifest.header.hash().to_bytes()),
        NodeMessage::GetChunk(request) => Some(request.snapshot),
        NodeMessage::Chunk(chunk) => Some(chunk.snapshot),
    }
}

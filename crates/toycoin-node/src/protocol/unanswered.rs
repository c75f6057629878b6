//! Questions of ours to a peer of a mesh that are not answered, or not wholly.
//!
//! ```text
//!   nothing came, "not now"   others are asked at once; the peer after a backoff, and it keeps its rank
//!   a part came               what is missing is asked for again, of anybody
//!   nothing came in time      the request lapses, which is a stall
//! ```
//!
//! An honest peer that has too much to do says so with an empty answer, and loses nothing by it. Silence is different: it
//! holds up whoever waits for it, so it must not be cheaper than an empty answer.

use toycoin_core::store::ChainStore;
use toycoin_wire::node::{NodeMessage, Payload};

use crate::protocol::{NodeMachine, Unanswered, peer_key::PeerKey};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Ends the requests that a question of ours made.
    pub(super) fn on_unanswered(&mut self, peer: PeerKey, question: &[u8], why: Unanswered) {
        // the driver repeats what this node said
        let Ok(Payload::Message(question)) = NodeMessage::decode(question) else { return };
        let Self { net, chain, headers, bodies, .. } = self;
        match question {
            NodeMessage::GetHeaders(_) => headers.on_unanswered(peer, why, net),
            NodeMessage::GetBlocks(hashes) => bodies.on_unanswered(peer, &hashes, why, net, chain),
            NodeMessage::GetTransactions(txids) => {
                self.on_unanswered_transactions(peer, &txids, why == Unanswered::NotNow);
            }
            // a status is asked for again by itself
            _ => {}
        }
    }
}

//! Answering peers: headers, blocks and transactions that they ask for, within what a peer may ask for.

use toycoin_core::{BlockHash, RuleError, Txid, store::ChainStore};
use toycoin_wire::node::{GetHeaders, NodeMessage, Reject};

use crate::{
    limits,
    protocol::{NodeMachine, peers::PeerKey},
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    pub(super) fn on_get_headers(&mut self, peer: PeerKey, request: &GetHeaders) {
        let headers = self.chain.headers_after(&request.locator, &request.stop, limits::HEADERS_A_MESSAGE);
        if self.may_take(peer, (headers.len() as u64 + 1) * 128) {
            self.send_to(peer, &NodeMessage::Headers(headers));
        }
    }

    /// Hands out blocks that are, or were, on the active chain. What else is here was not judged in its place: who handed
    /// that on would be muted for what somebody else made up.
    pub(super) fn on_get_blocks(&mut self, peer: PeerKey, hashes: &[BlockHash]) {
        let mut missing = Vec::new();
        for hash in hashes {
            let is_judged = self.chain.headers().get(hash).is_some_and(|entry| entry.connected);
            let judged = if is_judged { self.chain.block(hash) } else { Ok(None) };
            match judged {
                Ok(Some(block)) => {
                    // overload drops and counts, it never bans: the peer asks another node in time
                    if !self.may_take(peer, block.block().size()) {
                        return;
                    }
                    self.send_to(peer, &NodeMessage::Block(block.block().clone()));
                }
                Ok(None) => missing.push(hash.to_bytes()),
                Err(error) => return self.halt(&error.to_string()),
            }
        }
        if !missing.is_empty() {
            self.send_to(peer, &NodeMessage::NotFound(missing));
        }
    }

    pub(super) fn on_get_transactions(&mut self, peer: PeerKey, txids: &[Txid]) {
        let mut missing = Vec::new();
        for txid in txids {
            match self.find_transaction(txid) {
                Ok(Some(found)) => {
                    // a coinbase is not to be had alone
                    let Some(transaction) = found.transaction else {
                        missing.push(txid.to_bytes());
                        continue;
                    };
                    if !self.may_take(peer, transaction.size()) {
                        return;
                    }
                    self.send_to(peer, &NodeMessage::Transaction(transaction));
                }
                Ok(None) => missing.push(txid.to_bytes()),
                Err(error) => return self.halt(&error),
            }
        }
        if !missing.is_empty() {
            self.send_to(peer, &NodeMessage::NotFound(missing));
        }
    }

    /// Tells a peer which rule it broke: a teaching and debugging aid, a few a second at most.
    pub(super) fn reject(&mut self, peer: PeerKey, hash: [u8; 32], error: &RuleError) {
        let now = self.now.monotonic;
        if !self.peers.get_mut(&peer).is_some_and(|peer| peer.rejects.take(1, now)) {
            return;
        }
        let mut text = error.to_string();
        while text.len() > limits::REJECT_TEXT {
            text.pop();
        }
        self.send_to(peer, &NodeMessage::Reject(Reject { hash, rule: error.rule().number(), text }));
    }

    fn may_take(&mut self, peer: PeerKey, bytes: u64) -> bool {
        let now = self.now.monotonic;
        let may = self.peers.get_mut(&peer).is_some_and(|peer| peer.served.take(bytes, now));
        self.overloads += u64::from(!may);
        may
    }
}

//! The stage of a listener: the peers that it hears on a channel, and what they claim.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use toycoin_core::{ChainParams, IdentifiedBlock};
use toycoin_sim::SeenMessage;
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Payload},
};

use crate::{
    event::{Fact, Fate, TipMove},
    hub::Hub,
    limits::NODES,
    reporter::{MessageKey, Reporter},
    stage::{Stage, nodes::random_run},
    state::{NetworkInfo, State},
};

/// Time in microseconds after which the place of a silent peer may go to a new one. Nodes are heard more often.
const SILENCE: u64 = 60_000_000;

/// The peers that a listener hears on a channel. At most 32 are shown; a new one gets the place of the longest silent.
///
/// A listener is no node: it has no chain, so the tips are what peers claim. Of blocks it checks what needs no other
/// block, proof of work included.
#[derive(Debug)]
pub struct Heard {
    hub: Arc<Hub>,
    params: ChainParams,
    begun: Instant,
    peers: Mutex<Peers>,
}

#[derive(Debug)]
struct Peers {
    /// Each peer's id, and when it was heard last.
    ids: Vec<(NodeId, u64)>,
    reporter: Reporter,
}

impl Heard {
    /// Returns a listener that has heard nobody.
    ///
    /// # Errors
    /// When the system provides no randomness for the id of the run.
    pub fn new(params: ChainParams) -> io::Result<Self> {
        let hub = Hub::new(State::new(random_run()?, "live", None, NetworkInfo::of(&params)));
        let mut reporter = Reporter::new(Arc::clone(&hub), params.clone());
        if let Ok(genesis) = params.genesis().clone().check(&params) {
            reporter.block(0, &genesis);
        }
        let peers = Mutex::new(Peers { ids: Vec::new(), reporter });
        Ok(Self { hub, params, begun: Instant::now(), peers })
    }

    /// Returns the stage to view.
    pub fn stage(&self) -> Stage {
        Stage::from_hub(Arc::clone(&self.hub))
    }

    /// Tells a message that was heard.
    pub fn tell(&self, from: NodeId, payload: &[u8]) {
        let us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.reporter.time_passed(us);
        let Some(node) = self.number(us, &mut peers, from) else { return };
        let to: Vec<_> = (0..peers.ids.len()).filter(|other| *other != node).collect();
        let key = MessageKey::of(&SeenMessage::of(payload));
        peers.reporter.sent(us, node, to.clone(), key.clone());
        // when it reaches the others cannot be heard
        for to in to {
            peers.reporter.arrived(us, node, to, key.clone(), Fate::Delivered);
        }
        match NodeMessage::decode(payload) {
            Ok(Payload::Message(NodeMessage::Status(status))) if status.genesis == self.params.genesis_hash() => {
                let (hash, height) = (status.tip.to_string(), status.height);
                self.claims(us, &peers, node, &hash, height);
            }
            Ok(Payload::Message(NodeMessage::Block(block))) => {
                // the signatures and the coins are for nodes to judge
                let Ok(block) = IdentifiedBlock::from(block).check(&self.params) else { return };
                peers.reporter.found(block.hash(), node);
                peers.reporter.block(us, &block);
                self.claims(us, &peers, node, &block.hash().to_string(), block.height());
            }
            _ => {}
        }
    }

    fn claims(&self, us: u64, peers: &Peers, node: usize, hash: &str, height: u64) {
        let is_new = self.hub.look(|state| state.nodes.get(node).is_some_and(|node| node.tip != hash));
        if is_new {
            let tip = TipMove { node, hash: hash.to_owned(), height, ..TipMove::default() };
            peers.reporter.tell(us, Fact::Tip(tip));
        }
    }

    /// Returns a peer's number; `None` if more are heard than are shown.
    fn number(&self, us: u64, peers: &mut Peers, from: NodeId) -> Option<usize> {
        if let Some(node) = peers.ids.iter().position(|(id, _)| *id == from) {
            peers.ids[node].1 = us;
            return Some(node);
        }
        let node = if peers.ids.len() < NODES {
            peers.ids.push((from, us));
            peers.ids.len() - 1
        } else {
            // ids are drawn anew for each connection, so old ones fall silent
            let (node, (_, heard)) = peers.ids.iter().enumerate().min_by_key(|(_, (_, heard))| *heard)?;
            if us.saturating_sub(*heard) < SILENCE {
                return None;
            }
            peers.ids[node] = (from, us);
            node
        };
        let tip = self.params.genesis_hash().to_string();
        let name = from.to_string().chars().take(8).collect();
        peers.reporter.tell(us, Fact::Node { node, name, hash_rate: 0, tip, height: 0 });
        Some(node)
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, SecretKey};
    use toycoin_wire::node::Status;

    use super::*;

    #[test]
    fn blocks_and_statuses_tell_the_tips_of_peers() {
        let heard = Heard::new(ChainParams::regtest()).unwrap();
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let owner = SecretKey::classroom(0).public_key();
        let block = chain.template(Vec::new(), owner, b"alice", 1_767_225_700_000).unwrap().mine_trivial();
        chain.apply(block.clone(), 1_767_225_700_000).unwrap();
        let tip = chain.tip();
        heard.tell(NodeId::new([1; 16]), &NodeMessage::Block(block).encode().unwrap());
        let genesis = chain.params().genesis_hash();
        let work = tip.work.to_be_bytes();
        let status = Status { genesis, tip: tip.hash, height: tip.height, work, time: 0 };
        heard.tell(NodeId::new([2; 16]), &NodeMessage::Status(status).encode().unwrap());
        heard.tell(NodeId::new([3; 16]), b"junk");
        heard.hub.look(|state| {
            let tips: Vec<_> = state.nodes.iter().map(|node| (node.height, node.tip.clone())).collect();
            let (hash, genesis) = (tip.hash.to_string(), genesis.to_string());
            assert_eq!(tips, [(1, hash.clone()), (1, hash), (0, genesis)]);
            assert_eq!((state.blocks.len(), state.blocks[1].miner), (2, Some(0)));
        });
    }

    #[test]
    fn a_new_peer_gets_the_place_of_a_silent_one() {
        let heard = Heard::new(ChainParams::regtest()).unwrap();
        let mut peers = heard.peers.lock().unwrap();
        let id = |number: u8| NodeId::new([number; 16]);
        for (number, node) in (0..32).zip(0..NODES) {
            assert_eq!(heard.number(1 + u64::from(number), &mut peers, id(number)), Some(node));
        }
        assert_eq!(heard.number(SILENCE, &mut peers, id(40)), None, "nobody is silent for long");
        assert_eq!(heard.number(SILENCE, &mut peers, id(0)), Some(0));
        assert_eq!(heard.number(SILENCE + 2, &mut peers, id(40)), Some(1));
        assert_eq!(heard.number(SILENCE + 2, &mut peers, id(1)), None);
    }

    #[test]
    fn a_block_without_work_is_not_shown() {
        let heard = Heard::new(ChainParams::lab()).unwrap();
        let chain = Chain::in_memory(ChainParams::lab());
        let owner = SecretKey::classroom(0).public_key();
        let block = chain.template(Vec::new(), owner, b"mallory", 1_767_225_700_000).unwrap();
        heard.tell(NodeId::new([1; 16]), &NodeMessage::Block(block).encode().unwrap());
        heard.hub.look(|state| assert_eq!((state.blocks.len(), state.nodes[0].height), (1, 0)));
    }
}

//! From what the simulator shows to the facts of the schema.

use toycoin_core::BlockHash;
use toycoin_node::protocol::Event;
use toycoin_sim::{Fact, Network, Seen};

use crate::{
    event::Fate,
    reporter::{MessageKey, Reporter},
};

impl Reporter {
    /// Tells what the simulator showed.
    pub(super) fn seen(&mut self, seen: Seen, network: &Network, nodes: usize) {
        let us = u64::try_from(seen.at.as_micros()).unwrap_or(u64::MAX);
        self.time_passed(us);
        match seen.fact {
            Fact::Started { node } => self.restarted(us, node),
            Fact::Sent { from, to, message, .. } => {
                let to = match to {
                    Some(to) => vec![to],
                    None => (0..nodes).filter(|node| *node != from).collect(),
                };
                self.sent(us, from, to, MessageKey::of(&message));
            }
            Fact::Arrived { to, from: Some(from), message, .. } => {
                self.arrived(us, from, to, MessageKey::of(&message), Fate::Delivered);
            }
            Fact::Withheld { to, from: Some(from), message } => {
                self.arrived(us, from, to, MessageKey::of(&message), Fate::Withheld);
            }
            // a block that its finder withholds is told when another node has it, and then has its miner
            Fact::Found { node, hash, .. } => self.found(hash, node),
            Fact::Event { node, event } => {
                if let Event::SideBlock { hash, .. } = &event {
                    self.side_block(us, node, hash, network);
                }
                self.event(us, node, &event);
            }
            _ => {}
        }
    }

    fn side_block(&mut self, us: u64, node: usize, hash: &BlockHash, network: &Network) {
        if self.knows(hash) {
            return;
        }
        let block = network.node(node).and_then(|node| node.chain().block(hash).ok().flatten());
        if let Some(block) = block {
            self.block(us, &block);
        }
    }
}

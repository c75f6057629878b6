//! The names of those who are heard on a channel, as far as their blocks tell them.
//!
//! A message has the id of its sender, which is another one for each connection and tells a reader little. A block has
//! its miner's name ([`NodeName`](crate::node_name::NodeName)) and a mark that no two nodes share. Who publishes blocks
//! of one miner alone is taken to be that miner. Somebody may write another's name into blocks, so these names are for
//! people to read, not proof of anything.

use std::collections::{HashMap, VecDeque};

use toycoin_core::Block;
use toycoin_wire::{NodeId, printable};

/// Most senders that are remembered; the one that was heard first is forgotten.
const MAX_SENDERS: usize = 1_024;

/// Most characters of a name that are shown.
const WIDTH: usize = 8;

/// What is known of each sender.
#[derive(Debug, Default)]
pub struct Names {
    senders: HashMap<NodeId, Sender>,
    /// In the order in which they were heard first.
    order: VecDeque<NodeId>,
}

/// What a sender's blocks tell.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sender {
    /// All of them have this text, with the mark.
    Miner(String),
    /// They come from several miners: it hands on what others found.
    Several,
}

impl Names {
    /// Learns from a block who published it.
    pub fn learn(&mut self, from: NodeId, block: &Block) {
        let text = String::from_utf8_lossy(&block.coinbase.extra).into_owned();
        match self.senders.get_mut(&from) {
            Some(Sender::Miner(known)) if *known == text => {}
            Some(sender) => *sender = Sender::Several,
            None => {
                if self.order.len() == MAX_SENDERS
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.senders.remove(&oldest);
                }
                self.order.push_back(from);
                self.senders.insert(from, Sender::Miner(text));
            }
        }
    }

    /// Returns a sender's name, or the beginning of its id if its name is not known, or others have the same name: at
    /// most 8 columns.
    pub fn of(&self, from: NodeId) -> String {
        let id = || from.to_string().chars().take(WIDTH).collect();
        let Some(Sender::Miner(text)) = self.senders.get(&from) else { return id() };
        let name = name_in(text);
        // the same text with the same mark is the same node, on an earlier connection
        let is_other = |sender: &Sender| matches!(sender, Sender::Miner(other) if other != text && whole_name_in(other) == whole_name_in(text));
        if name.is_empty() || self.senders.values().any(is_other) { id() } else { name }
    }
}

/// Returns the name in a coinbase's text, escaped.
fn name_in(text: &str) -> String {
    printable(whole_name_in(text), WIDTH).chars().take(WIDTH).collect()
}

fn whole_name_in(text: &str) -> &str {
    // the node's mark follows the miner's text
    text.rsplit_once('#').map_or(text, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;

    use super::*;

    fn block(extra: &str) -> Block {
        let mut block = ChainParams::regtest().genesis().clone();
        block.coinbase.extra = extra.as_bytes().to_vec();
        block
    }

    fn id(number: u16) -> NodeId {
        let mut bytes = [0xab; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        NodeId::new(bytes)
    }

    #[test]
    fn a_sender_has_the_name_in_its_blocks() {
        let mut names = Names::default();
        assert_eq!(names.of(id(1)), "0001abab");
        names.learn(id(1), &block("node 1#00000001"));
        names.learn(id(1), &block("node 1#00000001"));
        assert_eq!(names.of(id(1)), "node 1");
    }

    #[test]
    fn who_hands_on_blocks_of_others_has_no_name() {
        let mut names = Names::default();
        names.learn(id(1), &block("node 1#00000001"));
        names.learn(id(1), &block("node 2#00000002"));
        assert_eq!(names.of(id(1)), "0001abab");
    }

    #[test]
    fn two_senders_of_one_name_keep_their_ids() {
        let mut names = Names::default();
        names.learn(id(1), &block("node 1#00000001"));
        names.learn(id(2), &block("node 1#00000002"));
        assert_eq!([names.of(id(1)), names.of(id(2))], ["0001abab", "0002abab"]);
    }

    #[test]
    fn a_node_that_reconnects_keeps_its_name() {
        let mut names = Names::default();
        names.learn(id(1), &block("node 1#00000001"));
        names.learn(id(2), &block("node 1#00000001"));
        assert_eq!([names.of(id(1)), names.of(id(2))], ["node 1", "node 1"]);
        names.learn(id(3), &block("student 1#00000003"));
        names.learn(id(4), &block("student 2#00000004"));
        assert_eq!(names.of(id(4)), "student ", "cut, and not taken for the other's");
    }

    #[test]
    fn names_are_bounded_and_printable() {
        let mut names = Names::default();
        for number in 0..=u16::try_from(MAX_SENDERS).unwrap() {
            names.learn(id(number), &block(&format!("\u{1b}[2J{number}\r\n#{number:08x}")));
        }
        assert_eq!(names.senders.len(), MAX_SENDERS);
        assert!(!names.of(id(9)).contains(char::is_control));
        assert_eq!(names.of(id(0)), "0000abab", "it was heard first");
    }
}

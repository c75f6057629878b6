//! The state of a network: what all events so far add up to.
//!
//! [`State::apply`] is the reducer. The page has the same one in JavaScript (`web/state.js`), and a test proves that
//! both agree. So a viewer needs a state and the events after it, and can go back to any moment of a record.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    event::{AttackTrial, Block, Clock, Disturbances, Event, Fact, LastingFault, Message, Payment, TipMove},
    limits::{LISTED_PAYMENTS, STATE_BLOCKS, STATE_MESSAGES},
};

/// Version of the schema. It rises when a field or a type of event is removed, or changes its meaning.
pub const VERSION: u32 = 1;

/// The state of a network at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct State {
    /// Version of the schema.
    pub toycoin_view: u32,
    /// Id of the run, 8 hex digits. Sequence numbers count within a run.
    pub run: String,
    /// Number of the last event.
    pub seq: u64,
    /// Time of the last event, in microseconds.
    pub us: u64,
    /// Where the events come from: `simulated`, `live` or `record`.
    pub stage: String,
    /// The seed of a simulation.
    pub seed: Option<u64>,
    /// The network's parameters.
    pub network: NetworkInfo,
    /// The nodes, by number.
    pub nodes: Vec<Node>,
    /// The last blocks, in the order in which they were seen.
    pub blocks: Vec<Block>,
    /// Messages in flight.
    pub messages: Vec<InFlight>,
    /// Groups of a partition; empty while there is none.
    pub groups: Vec<Vec<usize>>,
    /// Nodes that are down or stopped.
    pub down: Vec<usize>,
    /// Faults that last.
    pub faults: Vec<LastingFault>,
    /// The clock.
    pub clock: Clock,
    /// The trial of an attack that the network shows, if it shows one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attack: Option<AttackTrial>,
}

/// The parameters of a network that a viewer needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkInfo {
    /// Its name.
    pub name: String,
    /// The hash of its genesis block.
    pub genesis: String,
    /// Intended time between two blocks, in milliseconds; 0 if the difficulty never changes.
    pub spacing_ms: u64,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its number.
    pub node: usize,
    /// Its name.
    pub name: String,
    /// Its set hash rate: a share on a simulated network, percent of the threads' time on a live one; 0 if it does not
    /// mine.
    pub hash_rate: u64,
    /// Its measured hashes per second, once they were measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hashes_per_second: Option<u64>,
    /// The hash of its tip.
    pub tip: String,
    /// The height of its tip.
    pub height: u64,
    /// The payments in its mempool, in the order in which they entered.
    pub mempool: Vec<Payment>,
    /// Number of payments in its mempool that are not listed, because there are too many.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub unlisted: u64,
}

/// A message in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InFlight {
    /// Time at which it was sent, in microseconds.
    pub us: u64,
    /// The message.
    #[serde(flatten)]
    pub message: Message,
}

impl NetworkInfo {
    /// Returns what a viewer needs of these parameters.
    pub fn of(params: &toycoin_core::ChainParams) -> Self {
        let spec = params.spec();
        Self {
            name: spec.name.clone(),
            genesis: params.genesis_hash().to_string(),
            spacing_ms: spec.retargeting.map_or(0, |retargeting| retargeting.spacing_ms),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl State {
    /// Returns the state before the first event.
    pub fn new(run: String, stage: &str, seed: Option<u64>, network: NetworkInfo) -> Self {
        Self {
            toycoin_view: VERSION,
            run,
            seq: 0,
            us: 0,
            stage: stage.to_owned(),
            seed,
            network,
            nodes: Vec::new(),
            blocks: Vec::new(),
            messages: Vec::new(),
            groups: Vec::new(),
            down: Vec::new(),
            faults: Vec::new(),
            clock: Clock::default(),
            attack: None,
        }
    }

    /// Adds an event. What it says of nodes or messages that the state does not know is ignored.
    pub fn apply(&mut self, event: &Event) {
        self.seq = event.seq;
        self.us = event.us;
        match &event.fact {
            Fact::Block(block) => self.add_block(block),
            Fact::Tip(TipMove { node, hash, height, .. }) => {
                if let Some(node) = self.nodes.get_mut(*node) {
                    node.tip.clone_from(hash);
                    node.height = *height;
                }
            }
            Fact::Sent(message) => {
                self.messages.push(InFlight { us: event.us, message: message.clone() });
                if self.messages.len() > STATE_MESSAGES {
                    self.messages.remove(0);
                }
            }
            Fact::Arrived { message, to, .. } => self.arrive(*message, *to),
            Fact::Tx { node, payment } => {
                if let Some(node) = self.nodes.get_mut(*node) {
                    node.add(payment);
                }
            }
            Fact::Gone { node, txid, .. } => {
                if let Some(node) = self.nodes.get_mut(*node) {
                    node.remove(txid);
                }
            }
            Fact::Network(Disturbances { groups, down, faults }) => {
                self.groups.clone_from(groups);
                self.down.clone_from(down);
                self.faults.clone_from(faults);
            }
            Fact::Node { node, name, hash_rate, tip, height } => {
                self.set_node(*node, name, *hash_rate, tip, *height);
            }
            Fact::Rate { node, hashes_per_second } => {
                if let Some(node) = self.nodes.get_mut(*node) {
                    node.hashes_per_second = Some(*hashes_per_second);
                }
            }
            Fact::Clock(clock) => self.clock = *clock,
            Fact::Attack(trial) => self.attack = Some(trial.clone()),
            Fact::Rejected { .. } | Fact::Note { .. } => {}
        }
    }

    fn add_block(&mut self, block: &Block) {
        // the newest blocks are the likely ones
        if self.blocks.iter().rev().any(|known| known.hash == block.hash) {
            return;
        }
        self.blocks.push(block.clone());
        if self.blocks.len() > STATE_BLOCKS {
            self.blocks.remove(0);
        }
    }

    fn arrive(&mut self, message: u64, to: usize) {
        let Some(index) = self.messages.iter().position(|flight| flight.message.message == message) else { return };
        let Some(flight) = self.messages.get_mut(index) else { return };
        flight.message.to.retain(|recipient| *recipient != to);
        if flight.message.to.is_empty() {
            self.messages.remove(index);
        }
    }

    fn set_node(&mut self, node: usize, name: &str, hash_rate: u64, tip: &str, height: u64) {
        let count = self.nodes.len();
        match self.nodes.get_mut(node) {
            Some(known) => {
                name.clone_into(&mut known.name);
                known.hash_rate = hash_rate;
                tip.clone_into(&mut known.tip);
                known.height = height;
            }
            // nodes are added one after the other
            None if node == count => self.nodes.push(Node {
                node,
                name: name.to_owned(),
                hash_rate,
                hashes_per_second: None,
                tip: tip.to_owned(),
                height,
                mempool: Vec::new(),
                unlisted: 0,
            }),
            None => {}
        }
    }
}

impl Node {
    fn add(&mut self, payment: &Payment) {
        if self.mempool.iter().any(|known| known.txid == payment.txid) {
            return;
        }
        if self.mempool.len() < LISTED_PAYMENTS {
            self.mempool.push(payment.clone());
        } else {
            self.unlisted += 1;
        }
    }

    fn remove(&mut self, txid: &str) {
        match self.mempool.iter().position(|known| known.txid == txid) {
            Some(index) => drop(self.mempool.remove(index)),
            None => self.unlisted = self.unlisted.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
        let mut state = State::new("00000000".into(), "simulated", Some(7), network);
        let node = Fact::Node { node: 0, name: "node 0".into(), hash_rate: 10, tip: "00".into(), height: 0 };
        state.apply(&Event { seq: 1, us: 0, fact: node });
        state
    }

    fn payment(number: usize) -> Payment {
        let (spends, pays, parents) = Default::default();
        Payment { txid: number.to_string(), fee: 1, size: 100, spends, pays, parents }
    }

    #[test]
    fn a_full_mempool_lists_some_and_counts_the_rest() {
        let mut state = state();
        for number in 0..LISTED_PAYMENTS + 3 {
            state.apply(&Event { seq: 2, us: 5, fact: Fact::Tx { node: 0, payment: payment(number) } });
        }
        assert_eq!((state.nodes[0].mempool.len(), state.nodes[0].unlisted), (LISTED_PAYMENTS, 3));
        for number in 0..LISTED_PAYMENTS + 3 {
            let txid = number.to_string();
            let fact = Fact::Gone { node: 0, txid, why: crate::event::Departure::Confirmed, by: None };
            state.apply(&Event { seq: 3, us: 6, fact });
        }
        assert_eq!((state.nodes[0].mempool.len(), state.nodes[0].unlisted), (0, 0));
    }

    #[test]
    fn a_message_is_in_flight_until_its_last_recipient_has_it() {
        let mut state = state();
        let (tag, about) = ("BLOC".to_owned(), None);
        let message = Message { message: 17, from: 0, to: vec![1, 2], tag, bytes: 9, about };
        state.apply(&Event { seq: 2, us: 5, fact: Fact::Sent(message) });
        for (to, left) in [(1, 1), (1, 1), (3, 1), (2, 0)] {
            state.apply(&Event {
                seq: 3,
                us: 6,
                fact: Fact::Arrived { message: 17, to, fate: crate::event::Fate::Delivered },
            });
            assert_eq!(state.messages.len(), left);
        }
    }

    #[test]
    fn a_state_is_the_same_after_it_travelled() {
        let state = state();
        let text = serde_json::to_string(&state).unwrap();
        assert!(text.starts_with(r#"{"toycoin_view":1,"run":"00000000","seq":1,"us":0,"stage":"simulated","seed":7,"#));
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}

//! Events: what a viewer sees happen. One schema for a simulated network, a live one and a record.
//!
//! Each event is one line of JSON. Its `type` says what happened; unknown types and unknown fields are to be ignored.

use serde::{Deserialize, Serialize};
use toycoin_core::{Work, hex::Hex};
use utoipa::ToSchema;

use crate::limits::TEXT_BYTES;

/// An event with its number and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Number of the event in its run, from 1 on, without gaps.
    pub seq: u64,
    /// Time in microseconds: virtual time of a simulation, else time since the start of the run. It never falls.
    pub us: u64,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened. Hashes are lower-case hex, amounts are grains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Fact {
    /// A block was seen for the first time by the view.
    Block(Block),
    /// A node's tip moved.
    Tip(TipMove),
    /// A node sent a message.
    Sent(Message),
    /// A message reached one of its recipients, or was lost on the way.
    Arrived {
        /// The number of the message.
        message: u64,
        /// The recipient.
        to: usize,
        /// What became of it.
        fate: Fate,
    },
    /// A payment entered a node's mempool.
    Tx {
        /// The node.
        node: usize,
        /// The payment.
        #[serde(flatten)]
        payment: Payment,
    },
    /// A payment left a node's mempool.
    Gone {
        /// The node.
        node: usize,
        /// The payment's id.
        txid: String,
        /// The reason.
        why: Departure,
        /// The block that confirmed it, or the transaction that took its place.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
    /// A node refused a block.
    Rejected {
        /// The node.
        node: usize,
        /// What it refused: `block` or `tx`.
        what: String,
        /// The hash or id of what it refused.
        hash: String,
        /// The number of the broken rule.
        rule: u16,
        /// The reason, for a person.
        reason: String,
    },
    /// Partition, nodes that are down, or faults changed. The event holds all of them as they are now.
    Network(Disturbances),
    /// A node joined, or its set hash rate changed.
    Node {
        /// The node.
        node: usize,
        /// Its name.
        name: String,
        /// Its set hash rate, as [`Node::hash_rate`](crate::state::Node::hash_rate).
        hash_rate: u64,
        /// The hash of its tip.
        tip: String,
        /// The height of its tip.
        height: u64,
    },
    /// A node's measured hash rate.
    Rate {
        /// The node.
        node: usize,
        /// Hashes per second.
        hashes_per_second: u64,
    },
    /// The clock of a simulation or a record changed its speed, or was paused.
    Clock(Clock),
    /// A trial of an attack began, or has an outcome.
    Attack(AttackTrial),
    /// A remark for the people at the page.
    Note {
        /// The remark.
        text: String,
        /// Who or what speaks: `teacher`, `info` or `warning`.
        level: String,
    },
}

/// A block, as a viewer needs it to draw the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Its hash.
    pub hash: String,
    /// The hash of its parent.
    pub prev: String,
    /// Its height.
    pub height: u64,
    /// The node that found it; `null` if it is none of the nodes that are viewed.
    pub miner: Option<usize>,
    /// The coinbase data as UTF-8, with replacement characters. A stranger chose it.
    pub extra: String,
    /// The coinbase data in hex.
    pub extra_hex: String,
    /// Unix time in milliseconds, from its header.
    pub time: u64,
    /// The target in compact form.
    pub bits: u32,
    /// Work of the chain up to this block, in hex without leading zeros.
    pub work: String,
    /// Number of transactions, the coinbase included.
    pub txs: usize,
    /// Size in bytes.
    pub size: u64,
    /// Sum of the fees.
    pub fees: u64,
}

/// A move of a node's tip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TipMove {
    /// The node.
    pub node: usize,
    /// The hash of its new tip.
    pub hash: String,
    /// The height of its new tip.
    pub height: u64,
    /// Blocks that left its active chain, from the old tip downward; at most the highest 100.
    pub left: Vec<String>,
    /// Number of all blocks that left, if the list is not complete.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left_count: Option<u64>,
    /// Blocks that entered its active chain, upward; at most the highest 100.
    pub joined: Vec<String>,
    /// Number of all blocks that entered, if the list is not complete.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joined_count: Option<u64>,
    /// Whether the node found the new tip itself.
    pub own: bool,
}

/// A message between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Number of the message in its run.
    pub message: u64,
    /// The sender.
    pub from: usize,
    /// The recipients that it has not reached yet.
    pub to: Vec<usize>,
    /// The tag of its payload, such as `BLOC`.
    pub tag: String,
    /// The size of its payload in bytes.
    pub bytes: u64,
    /// The block or transaction that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub about: Option<String>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It arrived.
    Delivered,
    /// A partition, a careless relay or a censor withheld it.
    Withheld,
    /// A link or a node failed while it was on its way.
    Lost,
    /// The relay dropped it, because the recipient reads too slowly.
    Lagged,
}

/// A payment in a mempool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    /// Its id.
    pub txid: String,
    /// Its fee.
    pub fee: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The coins that it spends, as `txid:index`; at most the first 64.
    pub spends: Vec<String>,
    /// Whom it pays how much; at most the first 64.
    pub pays: Vec<(String, u64)>,
    /// The payments in the same mempool whose outputs it spends; at most the first 64.
    pub parents: Vec<String>,
}

/// Why a payment left a mempool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Departure {
    /// A block holds it.
    Confirmed,
    /// A block holds another payment that spends the same coin.
    Conflict,
    /// A payment with a higher fee replaced it.
    Replaced,
    /// The mempool was full of payments with higher fee rates.
    Evicted,
    /// It waited for too long.
    Expired,
    /// After a reorganisation its coins do not exist, or it breaks a rule.
    Reorganised,
    /// Its node was stopped or crashed.
    Restart,
}

/// What is wrong in the network at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disturbances {
    /// Groups of a partition; empty while there is none.
    pub groups: Vec<Vec<usize>>,
    /// Nodes that are down, or do not mine because they were stopped.
    pub down: Vec<usize>,
    /// Faults that last.
    pub faults: Vec<LastingFault>,
}

/// A fault that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastingFault {
    /// The number by which it can be ended.
    pub id: u64,
    /// Its kind, such as `SlowLink`.
    pub kind: String,
    /// The node that it concerns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node: Option<usize>,
}

/// The clock of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Clock {
    /// Virtual seconds per second; 1 on a live network.
    pub speed: f64,
    /// Whether time stands still.
    pub paused: bool,
}

/// A trial of an attack, beside what theory says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttackTrial {
    /// The attack's name, such as `double-spend`.
    pub attack: String,
    /// One sentence: who does what to whom.
    pub summary: String,
    /// The parameters, the defence and the seed of the trial, for a person.
    pub setting: String,
    /// What theory expects, for a person; empty if no formula is known.
    pub theory: String,
    /// The nodes that attack.
    pub attackers: Vec<usize>,
    /// What the trial measured, for a person; absent until it has ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<String>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { speed: 1.0, paused: false }
    }
}

/// Returns work in hex without leading zeros.
pub(crate) fn work_hex(work: Work) -> String {
    let hex = Hex(&work.to_be_bytes()).to_string();
    let digits = hex.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}

/// Cuts a text that strangers may have written to the length that an event holds.
pub(crate) fn bounded_text(mut text: String) -> String {
    if text.len() > TEXT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_has_no_leading_zeros() {
        let mut bytes = [0; 32];
        assert_eq!(work_hex(Work::from_be_bytes(bytes)), "0");
        (bytes[30], bytes[31]) = (0x1a, 0x03);
        assert_eq!(work_hex(Work::from_be_bytes(bytes)), "1a03");
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let text = bounded_text("é".repeat(TEXT_BYTES));
        assert!(text.ends_with("é…") && text.len() <= TEXT_BYTES + 4);
        assert_eq!(bounded_text("short".to_owned()), "short");
    }
}

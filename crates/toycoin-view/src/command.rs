//! Commands: what a teacher may do with a network.

use std::time::Duration;

use crate::attack::AttackRequest;

/// Something that a stage is asked to do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Part the network: nothing passes between two groups. Nodes that are in no group form one more.
    Partition {
        /// The groups; each node is in at most one.
        groups: Vec<Vec<usize>>,
    },
    /// End the partition.
    Heal,
    /// Begin a fault; [`Done::Fault`] says by which number it can be ended.
    Fault(FaultSpec),
    /// End a fault.
    End {
        /// Its number.
        id: u64,
    },
    /// Add a node.
    AddNode {
        /// Its set hash rate.
        hash_rate: u64,
    },
    /// Stop a node: it goes down on a simulated network, and ceases to mine on a live one.
    Stop {
        /// The node.
        node: usize,
    },
    /// Start a node again.
    Start {
        /// The node.
        node: usize,
    },
    /// Set a node's hash rate.
    Rate {
        /// The node.
        node: usize,
        /// A share on a simulated network, percent of its threads' time on a live one.
        hash_rate: u64,
    },
    /// Delay what a node sends: its messages on a simulated network, its own blocks on a live one.
    Delay {
        /// The node.
        node: usize,
        /// The delay.
        delay: Duration,
    },
    /// Make the wallet of one node pay that of another; [`Done::Paid`] holds the payment's id.
    Pay {
        /// The node whose wallet pays.
        from: usize,
        /// The node whose wallet is paid.
        to: usize,
        /// The amount in grains.
        value: u64,
        /// The fee in grains.
        fee: u64,
    },
    /// Let time stand still.
    Pause,
    /// Let time go on.
    Run,
    /// Go on to the next event that is shown, then stand still.
    Step,
    /// Set the speed, in virtual seconds per second.
    Speed(f64),
    /// Show a trial of an attack in place of the present network.
    Attack(AttackRequest),
    /// Show a new network of the lesson in place of an attack's.
    Lesson,
}

/// A fault to begin.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultSpec {
    /// A node's links become slow.
    SlowLink {
        /// The node.
        node: usize,
        /// Bytes per second in each direction.
        #[serde(default = "default_bandwidth")]
        bandwidth: u64,
        /// Factor by which the latency grows.
        #[serde(default = "default_latency")]
        latency: u32,
    },
    /// A node's links lose every third write.
    LossyLink {
        /// The node.
        node: usize,
    },
    /// Relays drop, duplicate and reorder the messages for a node.
    CarelessRelay {
        /// The node.
        node: usize,
    },
    /// A node's clock is off.
    ClockSkew {
        /// The node.
        node: usize,
        /// By how many milliseconds it is ahead; negative if it is behind.
        offset_ms: i64,
    },
    /// A node's hash rate is multiplied.
    HashBurst {
        /// The node.
        node: usize,
        /// The factor.
        #[serde(default = "default_factor")]
        factor: f64,
    },
    /// A node crashes, and restarts when the fault ends.
    Crash {
        /// The node.
        node: usize,
        /// Whether it loses what it had not synced to disk.
        #[serde(default)]
        lose_tail: bool,
    },
    /// No message passes between a node and the others.
    Eclipse {
        /// The node.
        node: usize,
    },
    /// A relay goes down.
    RelayRestart {
        /// The relay.
        #[serde(default)]
        relay: usize,
    },
}

const fn default_bandwidth() -> u64 {
    20_000
}

const fn default_latency() -> u32 {
    20
}

const fn default_factor() -> f64 {
    10.0
}

/// What a command that was carried out answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Done {
    /// Nothing more than that it was done.
    Done,
    /// The number of the fault that began.
    Fault(u64),
    /// The number of the node that was added.
    Node(usize),
    /// The id of the payment, in hex.
    Paid(String),
}

/// Why a command was not carried out. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such node (status 404).
    #[error("there is no node {node}: the network has {nodes}, numbered from 0")]
    NoSuchNode {
        /// The number that was given.
        node: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// There is no such fault (status 404).
    #[error("there is no fault {id} that lasts")]
    NoSuchFault {
        /// The number that was given.
        id: u64,
    },
    /// This stage cannot do that at all, or not now (status 409).
    #[error("{0}")]
    Cannot(String),
    /// The command makes no sense (status 422).
    #[error("{0}")]
    Unfit(String),
}

impl Refusal {
    /// Returns why a trial of an attack is not disturbed.
    pub(crate) fn trial_runs() -> Self {
        let text = "a trial of an attack runs undisturbed, so that its outcome can stand beside theory; go back to the \
                    lesson's network first";
        Self::Cannot(text.to_owned())
    }
}

//! Specification of a node, from which the simulation builds it.

use toycoin_core::ChainParams;
use toycoin_node::protocol::NodeMachine;

use crate::{
    link::Link,
    participant::Participant,
    planted::Planted,
    spending::Spending,
    store::{CrashStore, Disk},
};

/// Function that makes a participant from an honest node's machine, which it may wrap or discard.
pub(crate) type Maker = Box<dyn FnOnce(NodeMachine<CrashStore>) -> Box<dyn Participant>>;

/// A node's properties, as the builder collects them.
pub(crate) struct NodeSpec {
    pub(crate) hash_rate: f64,
    pub(crate) clock_offset_ms: i64,
    /// Lowest fee rate that the mempool accepts, in grains per byte.
    pub(crate) min_fee_rate: u64,
    pub(crate) sync_every: u32,
    pub(crate) disk: Disk,
    pub(crate) spending: Spending,
    pub(crate) link: Option<Link>,
    /// Indices of the topology's relays that the node dials; `None` means all.
    pub(crate) relays: Option<Vec<usize>>,
    pub(crate) rules: Option<ChainParams>,
    pub(crate) honest: bool,
    pub(crate) planted: Option<Planted>,
    pub(crate) maker: Option<Maker>,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self {
            hash_rate: 1.0,
            clock_offset_ms: 0,
            min_fee_rate: 0,
            sync_every: 4,
            disk: Disk::Honest,
            spending: Spending::default(),
            link: None,
            relays: None,
            rules: None,
            honest: true,
            planted: None,
            maker: None,
        }
    }
}

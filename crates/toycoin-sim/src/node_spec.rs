//! Specification of a node, from which the simulation builds it.

use std::{rc::Rc, time::Duration};

use toycoin_core::{ChainParams, Header};
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

/// Condition on the header that a node searches for.
pub(crate) type MinesWhen = Rc<dyn Fn(&Header) -> bool>;

/// How a node chooses between branches of equal work.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum TieBreaking {
    /// It keeps the one that it saw first.
    #[default]
    FirstSeen,
    /// It draws lots, with this secret.
    Lots(u64),
    /// It takes the one that leaves more fees.
    Richer,
}

/// A node's properties, as the builder collects them.
pub(crate) struct NodeSpec {
    pub(crate) hash_rate: f64,
    /// Factors of the hash rate, each with the time at which it begins.
    pub(crate) hash_plan: Vec<(Duration, f64)>,
    /// For which headers it searches; `None` for all.
    pub(crate) mines_when: Option<MinesWhen>,
    pub(crate) clock_offset_ms: i64,
    /// Lowest fee rate that the mempool accepts, in grains per byte.
    pub(crate) min_fee_rate: u64,
    pub(crate) sync_every: u32,
    pub(crate) disk: Disk,
    pub(crate) spending: Spending,
    pub(crate) link: Option<Link>,
    /// Indices of the topology's relays that the node dials; `None` means all.
    pub(crate) relays: Option<Vec<usize>>,
    /// The node whose address it was given, on a mesh; `None` if that is drawn.
    pub(crate) knows: Option<usize>,
    pub(crate) rules: Option<ChainParams>,
    pub(crate) ties: TieBreaking,
    pub(crate) honest: bool,
    /// Whether it is a light client, which is no full node and so not among the honest ones.
    pub(crate) light: bool,
    pub(crate) planted: Option<Planted>,
    pub(crate) maker: Option<Maker>,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self {
            hash_rate: 1.0,
            hash_plan: Vec::new(),
            mines_when: None,
            clock_offset_ms: 0,
            min_fee_rate: 0,
            sync_every: 4,
            disk: Disk::Honest,
            spending: Spending::default(),
            link: None,
            relays: None,
            knows: None,
            rules: None,
            ties: TieBreaking::default(),
            honest: true,
            light: false,
            planted: None,
            maker: None,
        }
    }
}

impl NodeSpec {
    /// Returns the specification of a light client.
    pub(crate) fn light() -> Self {
        Self { hash_rate: 0.0, honest: false, light: true, ..Self::default() }
    }
}

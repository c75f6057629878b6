//! The configuration of a node.

use std::time::Duration;

use toycoin_core::{ChainParams, FeeRate, PublicKey};
use toycoin_wire::Channel;

use crate::{limits, protocol::DecodedTransactions};

/// The configuration of a node; [`NodeConfig::new`] gives the programs' defaults.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The program's name for relays, at most 64 bytes.
    pub agent: String,
    /// The channel on which the node finds its peers.
    pub channel: Channel,
    /// The key that the coinbases of its blocks pay; without one the node does not mine.
    pub payout: Option<PublicKey>,
    /// The text in its coinbases, at most 55 bytes. The node appends `#` and eight hex digits drawn from the seed. They
    /// keep its search apart from other nodes' with the same payout.
    pub extra: Vec<u8>,
    /// The lowest fee rate that the mempool accepts.
    pub min_fee_rate: FeeRate,
    /// The mempool's bound by formula, in bytes.
    pub mempool_bytes: u64,
    /// The misbehaviour score at which a peer is muted; [`limits::MUTE_SCORE`] unless a test sets another one.
    pub mute_score: u32,
    /// The delay before the node publishes a block that it found, to act as a slow node.
    pub block_delay: Duration,
    /// The shortest time between two blocks that the node finds.
    pub min_block_interval: Duration,
    /// Whether a block template is made anew only when the tip moves and for [`Input::Refresh`](super::Input::Refresh),
    /// and not at intervals or for new payments. For simulations, whose drivers give that input; off by default.
    pub lazy_templates: bool,
    /// Where the nodes of a simulation find transactions that another one decoded. Real nodes have none.
    pub decoded: Option<DecodedTransactions>,
    /// The seed of its random choices. Two machines with the same seed and inputs give the same outputs.
    pub seed: [u8; 32],
}

impl NodeConfig {
    /// Returns the defaults for a network. The node does not mine. It accepts any fee on lab and regtest, and 1 grain
    /// per byte or more on reference. It finds at most ten blocks per second where difficulty does not follow time.
    pub fn new(params: &ChainParams) -> Self {
        let in_earnest = params.spec().name == "reference";
        Self {
            agent: concat!("toycoin/", env!("CARGO_PKG_VERSION")).into(),
            channel: Channel::new("/topic/main").expect("a name of allowed characters"),
            payout: None,
            extra: Vec::new(),
            min_fee_rate: FeeRate::grains_per_byte(u64::from(in_earnest)),
            mempool_bytes: limits::MEMPOOL_BYTES,
            mute_score: limits::MUTE_SCORE,
            block_delay: Duration::ZERO,
            min_block_interval: if params.spec().retargeting.is_none() {
                Duration::from_millis(100)
            } else {
                Duration::ZERO
            },
            lazy_templates: false,
            decoded: None,
            seed: [0; 32],
        }
    }
}

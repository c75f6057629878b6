//! How a node behaves, as data.

use std::time::Duration;

use toycoin_core::{ChainParams, FeeRate, PublicKey};
use toycoin_wire::Channel;

use crate::limits;

/// How a node behaves; [`NodeConfig::new`] gives the programs' defaults.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Says who it is to relays, at most 64 bytes.
    pub agent: String,
    /// The channel on which its peers are.
    pub channel: Channel,
    /// Who is paid for its blocks; `None` does not mine.
    pub payout: Option<PublicKey>,
    /// The text in its coinbases, at most 55 bytes. `#` and eight hex digits drawn from the seed come behind it: they keep
    /// its search apart from that of others with the same payout.
    pub extra: Vec<u8>,
    /// The lowest fee rate that it takes into its mempool.
    pub min_fee_rate: FeeRate,
    /// The mempool's bound, in bytes by formula.
    pub mempool_bytes: u64,
    /// The score at which a peer is muted, [`limits::MUTE_SCORE`] unless a test wants another.
    pub mute_score: u32,
    /// How long it waits before it hands out a block that it found: a slow node.
    pub block_delay: Duration,
    /// The least time between two blocks that it finds.
    pub min_block_interval: Duration,
    /// What its choices are drawn from: two machines with one seed and the same inputs give the same outputs.
    pub seed: [u8; 32],
}

impl NodeConfig {
    /// Returns the defaults for a network: mines nothing, takes any fee on lab and regtest and 1 grain a byte on
    /// reference, and finds at most ten blocks a second where difficulty does not follow time.
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
            seed: [0; 32],
        }
    }
}

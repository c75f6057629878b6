//! The definition of a network, as plain data.

use crate::{
    address::AddressPrefix,
    target::{CompactTarget, Work},
    transaction::TxOut,
};

/// Difficulty adjustment: how the target follows the times of the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retargeting {
    /// The target block spacing, in milliseconds, at least 1.
    pub spacing_ms: u64,
    /// The delay that doubles the target, in milliseconds, at least the spacing.
    pub half_life_ms: u64,
}

/// The definition of a network, to be filled in for a network of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// The network's name in logs and in the export: 1 to 32 lower-case letters, digits and hyphens.
    pub name: String,
    /// The prefix of the network's addresses.
    pub address_prefix: AddressPrefix,
    /// The difficulty rule. With `None`, every block has the bits of genesis.
    pub retargeting: Option<Retargeting>,
    /// How far a block's time may lie ahead of now, in milliseconds (rule R14).
    pub max_future_ms: u64,
    /// Coinbase maturity: the number of blocks after which a coinbase's coins may be spent, at least 1 (rule R23).
    pub coinbase_maturity: u64,
    /// The number of blocks after which the subsidy halves, at least 1.
    pub halving_interval: u64,
    /// The block size limit, in bytes by formula (rule R05): from [`ChainParams::MIN_BLOCK_SIZE_LIMIT`](crate::ChainParams::MIN_BLOCK_SIZE_LIMIT) to
    /// [`ChainParams::MAX_BLOCK_SIZE_LIMIT`](crate::ChainParams::MAX_BLOCK_SIZE_LIMIT).
    pub block_size_limit: u64,
    /// The bits of genesis and of blocks 1 and 2.
    pub genesis_bits: CompactTarget,
    /// The easiest bits that a block may have.
    pub limit_bits: CompactTarget,
    /// The least work of a chain, genesis included, whose headers a node accepts from peers. `None` stands for the work
    /// of genesis, which every chain has.
    ///
    /// It keeps a new node from storing long chains of little work. Blocks that a node mines, has in its store or
    /// [applies](crate::Chain::apply) are not subject to it. The work must be within reach of the headers that a node
    /// buffers during download, whose number docs/protocol.md limits.
    pub minimum_work: Option<Work>,
    /// The time of genesis, in Unix milliseconds.
    pub genesis_time: u64,
    /// The data of the genesis coinbase, at most 64 bytes. Other data makes another network.
    pub extra: Vec<u8>,
    /// The coins that genesis creates, spendable from block 1.
    pub allocations: Vec<TxOut>,
}

/// Greatest length of a network's name, in bytes.
pub(super) const MAX_NAME: usize = 32;

//! The shape of a block.

use serde::Serialize;
use toycoin_core::{Block, BlockHash, ChainParams, CheckedBlock, CompactTarget, Rule, Target, chain::BlockStanding};
use utoipa::ToSchema;

/// A block without its transactions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockInfo {
    /// Its hash.
    id: String,
    /// Its height.
    height: u64,
    /// The version of its header.
    version: u32,
    /// Unix time in seconds.
    timestamp: u64,
    /// Unix time in milliseconds, as the header has it.
    time: u64,
    /// Number of transactions, the coinbase included.
    tx_count: usize,
    /// Size by formula, in bytes.
    size: u64,
    /// 4 times the size.
    weight: u64,
    /// The Merkle root of its transactions.
    merkle_root: String,
    /// The root of the state after it.
    state_root: String,
    /// The hash of its parent; `null` for genesis.
    previousblockhash: Option<String>,
    /// The nonce. It may have 64 bits, more than a JavaScript number holds; the header has all of them.
    nonce: u64,
    /// The target in compact form.
    bits: u32,
    /// How many times harder than the easiest block of this network it is.
    difficulty: f64,
}

impl BlockInfo {
    pub(crate) fn new(params: &ChainParams, block: &CheckedBlock) -> Self {
        let (hash, block) = (block.hash(), block.block());
        let Block { header, transactions, .. } = block;
        let is_genesis = hash == params.genesis_hash();
        Self {
            id: hash.to_string(),
            height: header.height,
            version: header.version,
            timestamp: header.time / 1_000,
            time: header.time,
            tx_count: 1 + transactions.len(),
            size: block.size(),
            weight: 4 * block.size(),
            merkle_root: header.merkle_root.to_string(),
            state_root: header.state_root.to_string(),
            previousblockhash: (!is_genesis).then(|| header.previous.to_string()),
            nonce: header.nonce,
            bits: header.bits.to_bits(),
            difficulty: difficulty(params, header.bits),
        }
    }
}

/// Returns limit target / target.
fn difficulty(params: &ChainParams, bits: CompactTarget) -> f64 {
    let number = |target: Target| target.to_be_bytes().iter().fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
    bits.to_target().map_or(0.0, |target| number(params.limit()) / number(target))
}

/// The standing of a block, from the viewpoint of the node that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// On the active chain.
    Active,
    /// Not on the active chain: a stale block, or one of a branch that may still win.
    Side,
    /// Its header alone is known.
    HeaderOnly,
    /// It, or one of its ancestors, breaks a rule.
    Invalid,
}

/// What a node thinks of a block.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockStatus {
    /// Whether it is on the active chain.
    in_best_chain: bool,
    /// Its height.
    height: u64,
    /// The next block of the active chain; `null` for the tip, and for blocks that are not on the active chain.
    next_best: Option<String>,
    /// Its standing.
    standing: Standing,
    /// The number of the rule that it breaks, as far as it is known.
    rule: Option<u16>,
}

impl BlockStatus {
    pub(crate) fn new(height: u64, standing: BlockStanding, next: Option<BlockHash>) -> Self {
        let (standing, rule) = match standing {
            BlockStanding::Active => (Standing::Active, None),
            BlockStanding::HeaderOnly => (Standing::HeaderOnly, None),
            BlockStanding::Invalid { rule } => (Standing::Invalid, rule),
            _ => (Standing::Side, None),
        };
        Self {
            in_best_chain: standing == Standing::Active,
            height,
            next_best: next.map(|hash| hash.to_string()),
            standing,
            rule: rule.map(Rule::number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_block_names_its_rule() {
        let rule = Some(Rule::CoinbaseAmount);
        let status = BlockStatus::new(7, BlockStanding::Invalid { rule }, None);
        let expected = serde_json::json!({
            "in_best_chain": false, "height": 7, "next_best": null, "standing": "invalid", "rule": 29,
        });
        assert_eq!(serde_json::to_value(status).unwrap(), expected);
        let status = serde_json::to_value(BlockStatus::new(7, BlockStanding::HeaderOnly, None)).unwrap();
        assert_eq!(status["standing"], "header-only");
    }

    #[test]
    fn difficulty_is_one_at_the_limit() {
        let lab = ChainParams::lab();
        assert_eq!(difficulty(&lab, lab.spec().limit_bits), 1.0);
        assert_eq!(difficulty(&lab, CompactTarget::from_bits(0x1e01_0000)), 256.0);
    }
}

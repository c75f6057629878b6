//! The blocks that were told, with the work of their chains and their miners.

use std::collections::{HashMap, VecDeque};

use toycoin_core::{BlockHash, ChainParams, CheckedBlock, Target, Work, hex::Hex};

use crate::event::{self, work_hex};

/// Most blocks whose work and miner are remembered. A block on a parent that was forgotten is told with its own work.
const REMEMBERED: usize = 50_000;

/// Blocks that were told, so that each is told once.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    works: HashMap<BlockHash, Work>,
    order: VecDeque<BlockHash>,
    /// Who found the blocks that were not told yet.
    found: HashMap<BlockHash, usize>,
}

impl Blocks {
    pub(super) fn is_told(&self, hash: &BlockHash) -> bool {
        self.works.contains_key(hash)
    }

    /// Notes which node found a block that will be told.
    pub(super) fn found(&mut self, hash: BlockHash, node: usize) {
        if self.found.len() < REMEMBERED && !self.is_told(&hash) {
            self.found.insert(hash, node);
        }
    }

    /// Notes a header that is known before the first event, so that blocks on it have the work of their whole chain.
    pub(super) fn remember(&mut self, hash: BlockHash, work: Work) {
        if self.works.insert(hash, work).is_none() {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.works.remove(&oldest);
        }
    }

    /// Returns the fact about a block; `None` if it was told before.
    pub(super) fn tell(&mut self, block: &CheckedBlock, params: &ChainParams) -> Option<event::Block> {
        let hash = block.hash();
        if self.is_told(&hash) {
            return None;
        }
        let (header, body) = (&block.block().header, block.block());
        let own = header.bits.to_target().map(Target::work).unwrap_or_default();
        let work = self.works.get(&header.previous).copied().unwrap_or_default() + own;
        self.remember(hash, work);
        let paid: u64 = body.coinbase.outputs.iter().map(|output| output.value.grains()).sum();
        Some(event::Block {
            hash: hash.to_string(),
            prev: header.previous.to_string(),
            height: header.height,
            miner: self.found.remove(&hash),
            extra: String::from_utf8_lossy(&body.coinbase.extra).into_owned(),
            extra_hex: Hex(&body.coinbase.extra).to_string(),
            time: header.time,
            bits: header.bits.to_bits(),
            work: work_hex(work),
            txs: body.transactions.len() + 1,
            size: body.size(),
            // genesis hands out coins, not fees
            fees: if header.height == 0 { 0 } else { paid.saturating_sub(params.subsidy(header.height).grains()) },
        })
    }
}

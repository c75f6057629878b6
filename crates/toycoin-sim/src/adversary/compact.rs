//! Adversary that lies about the payments of blocks.

use toycoin_core::compact::CompactBlock;
use toycoin_wire::{
    NodeId,
    node::{BlockTransactions, NodeMessage},
};

use crate::adversary::{Heard, Said, Scene, Tactic};

/// Publishes compact blocks with false short ids, under honest headers, and answers requests for their payments with
/// payments of other blocks.
///
/// It repeats the blocks of others as soon as it hears them, and so reaches those whose links are slow before the honest
/// compact block does.
#[derive(Debug, Clone, Copy, Default)]
pub struct FalseCompactBlocks;

impl Tactic for FalseCompactBlocks {
    fn outgoing(&mut self, (to, message): Said, scene: &mut Scene<'_>) -> Vec<Said> {
        let message = match message {
            NodeMessage::CompactBlock(block) => falsified(&block, scene),
            other => other,
        };
        vec![(to, message)]
    }

    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Heard {
        match message {
            NodeMessage::CompactBlock(block) => Heard::Instead(vec![(None, falsified(block, scene))]),
            NodeMessage::GetBlockTransactions(request) => {
                let tip = scene.chain.block(&scene.chain.tip().hash).ok().flatten();
                let payments = tip.map(|tip| tip.block().transactions.clone()).unwrap_or_default();
                let transactions = payments.into_iter().cycle().take(request.places.len()).collect();
                let answer = BlockTransactions { block: request.block, transactions };
                Heard::Instead(vec![(Some(from), NodeMessage::BlockTransactions(answer))])
            }
            _ => Heard::Pass,
        }
    }
}

fn falsified(block: &CompactBlock, scene: &mut Scene<'_>) -> NodeMessage {
    let count = 1 + block.ids.len();
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        let bytes = scene.dice.below(u64::MAX).to_le_bytes();
        ids.extend(bytes.first_chunk().copied());
    }
    NodeMessage::CompactBlock(CompactBlock { ids, ..block.clone() })
}

//! A move of the tip to another branch: where it left, where it went, and which payments wait again.

use std::collections::HashSet;

use toycoin_core::{BlockHash, CheckedBlock, Txid};

use crate::{block_row::short, look::Look, words::count};

/// Most payments of blocks that leave the chain that are remembered until the move is over.
const MAX_PAYMENTS: usize = 100_000;

/// A move of the tip in the making, put together from the events of a node.
#[derive(Debug, Default)]
pub struct Move {
    left: Option<Branch>,
    joined: Option<Branch>,
    /// The payments of the blocks that left, but for those that joined again.
    returned: HashSet<Txid>,
    order: Vec<Txid>,
}

/// A branch from its lowest block to its tip.
#[derive(Debug, Clone, Copy)]
struct Branch {
    lowest: BlockHash,
    tip: (u64, BlockHash),
    parent: BlockHash,
    blocks: u64,
}

/// A reorganisation that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reorganisation {
    /// The lowest block of the branch that left the chain.
    pub old_lowest: BlockHash,
    /// Height and hash of the tip that was left.
    pub old_tip: (u64, BlockHash),
    /// The lowest block of the branch that joined the chain, if one did.
    pub new_lowest: Option<BlockHash>,
    /// Height and hash of the new tip.
    pub new_tip: (u64, BlockHash),
    /// Height and hash of the last block that both branches have.
    pub ancestor: (u64, BlockHash),
    /// The payments that were in the branch that left, and are not in the other, in the order of the blocks that left.
    /// The first 100,000 payments were looked at.
    pub returned: Vec<Txid>,
}

impl Move {
    /// Takes notice of a block that left the chain. The highest comes first.
    pub fn disconnected(&mut self, block: &CheckedBlock) {
        let place = (block.height(), block.hash());
        let branch = self.left.get_or_insert(Branch { lowest: place.1, tip: place, parent: place.1, blocks: 0 });
        (branch.lowest, branch.parent, branch.blocks) = (place.1, block.block().header.previous, branch.blocks + 1);
        for (txid, _) in block.ids().iter().skip(1) {
            if self.order.len() < MAX_PAYMENTS && self.returned.insert(*txid) {
                self.order.push(*txid);
            }
        }
    }

    /// Takes notice of a block that joined the chain. The lowest comes first.
    pub fn connected(&mut self, block: &CheckedBlock) {
        if self.left.is_none() {
            return;
        }
        let (place, parent) = ((block.height(), block.hash()), block.block().header.previous);
        let branch = self.joined.get_or_insert(Branch { lowest: place.1, tip: place, parent, blocks: 0 });
        (branch.tip, branch.blocks) = (place, branch.blocks + 1);
        for (txid, _) in block.ids().iter().skip(1) {
            self.returned.remove(txid);
        }
    }

    /// Ends the move, and returns the reorganisation if blocks left the chain.
    pub fn end(&mut self) -> Option<Reorganisation> {
        let Self { left, joined, returned, mut order } = std::mem::take(self);
        let left = left?;
        order.retain(|txid| returned.contains(txid));
        let ancestor = ((left.tip.0 + 1).saturating_sub(left.blocks + 1), left.parent);
        Some(Reorganisation {
            old_lowest: left.lowest,
            old_tip: left.tip,
            new_lowest: joined.map(|branch| branch.lowest),
            new_tip: joined.map_or(ancestor, |branch| branch.tip),
            ancestor,
            returned: order,
        })
    }
}

impl Reorganisation {
    /// Returns the reorganisation in words: both tips, their common ancestor, and how many payments wait again.
    pub fn said(&self, look: Look) -> String {
        let block = |(height, hash): (u64, BlockHash)| format!("{} (block {height})", short(hash));
        let payments = match self.returned.len() as u64 {
            0 => "no payment waits again".into(),
            1 => "1 payment waits again".into(),
            more => format!("{} wait again", count(more, "payment")),
        };
        let (old, new, ancestor) = (block(self.old_tip), block(self.new_tip), block(self.ancestor));
        format!("reorganises: {old} {} {new}, on their common ancestor {ancestor}; {payments}", look.arrow())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use toycoin_core::{
        Amount, Applied, Block, Chain, ChainParams, SecretKey, Transaction, TransactionBuilder, store::MemoryStore,
    };

    use super::*;

    /// Connects a block.
    fn apply(chain: &mut Chain<MemoryStore>, block: Block) -> Arc<CheckedBlock> {
        let time = block.header.time;
        assert!(matches!(chain.apply(block.clone(), time), Ok(Applied::Extended { .. })));
        Arc::new(block.check(chain.params()).unwrap())
    }

    /// Finds a block and connects it.
    fn mine(chain: &mut Chain<MemoryStore>, payments: Vec<Transaction>, miner: u32) -> Arc<CheckedBlock> {
        let owner = SecretKey::classroom(miner).public_key();
        let block = chain.template(payments, owner, b"", chain.tip().time + 1_000).unwrap();
        apply(chain, block.mine_trivial())
    }

    /// A payment by one of the classroom's keys.
    fn pay(chain: &Chain<MemoryStore>, key: u32) -> Transaction {
        let key = SecretKey::classroom(key);
        let to = chain.params().address(SecretKey::classroom(9).public_key());
        let builder = TransactionBuilder::new(chain.params()).spend(chain.coins_of(&key.public_key()).unwrap());
        builder.pay(to, Amount::from_grains(5)).sign(&key).unwrap()
    }

    #[test]
    fn a_reorganisation_names_tips_ancestor_and_payments() {
        let (mut chain, mut other) =
            (Chain::in_memory(ChainParams::regtest()), Chain::in_memory(ChainParams::regtest()));
        let (kept, lost) = (pay(&chain, 0), pay(&chain, 1));
        let root = mine(&mut chain, Vec::new(), 7);
        apply(&mut other, root.block().clone());
        let left = [mine(&mut chain, vec![kept.clone()], 7), mine(&mut chain, vec![lost.clone()], 7)];
        let joined =
            [mine(&mut other, vec![kept], 8), mine(&mut other, Vec::new(), 8), mine(&mut other, Vec::new(), 8)];
        let mut moved = Move::default();
        moved.connected(&root);
        assert_eq!(moved.end(), None, "a tip that grows");
        left.iter().rev().for_each(|block| moved.disconnected(block));
        joined.iter().for_each(|block| moved.connected(block));
        let reorganisation = moved.end().unwrap();
        assert_eq!(
            reorganisation,
            Reorganisation {
                old_lowest: left[0].hash(),
                old_tip: (3, left[1].hash()),
                new_lowest: Some(joined[0].hash()),
                new_tip: (4, joined[2].hash()),
                ancestor: (1, root.hash()),
                returned: vec![lost.txid()],
            }
        );
        let said = reorganisation.said(Look::PLAIN);
        assert!(said.contains("(block 3) -> ") && said.ends_with("(block 1); 1 payment waits again"), "{said}");
        assert_eq!(moved.end(), None, "each move is told once");
    }
}

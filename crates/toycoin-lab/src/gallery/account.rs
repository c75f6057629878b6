//! What can be counted in a verifier's chain at one moment.

use std::{collections::BTreeMap, sync::Arc};

use toycoin_core::{Amount, Block, BlockHash, ChainParams, Coin, OutPoint, PublicKey, Work, consensus::HeaderContext};

use super::supply::Supply;

/// A verifier's chain at one moment.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) params: ChainParams,
    /// The blocks of the active chain, genesis first.
    pub(super) blocks: Vec<Arc<Block>>,
    pub(super) coins: BTreeMap<OutPoint, Coin>,
    pub(super) supply: Supply,
    /// What decides the next block.
    pub(super) context: HeaderContext,
    pub(super) work: Work,
    /// The verifier's time, in Unix milliseconds.
    pub(super) now_ms: u64,
    /// The coins of a made-up chain, if the tip's state root commits to them.
    pub(super) shown: Option<BTreeMap<OutPoint, Coin>>,
}

impl Account {
    /// Returns the last block.
    pub(super) fn tip(&self) -> &Block {
        self.blocks.last().expect("genesis is always there")
    }

    /// Returns the worth of an owner's coins.
    pub(super) fn worth(&self, owner: PublicKey) -> Amount {
        worth(self.coins.values(), owner)
    }

    /// Returns the worth of the coins that an owner may spend in the next block.
    pub(super) fn spendable(&self, owner: PublicKey) -> Amount {
        let (height, maturity) = (self.context.height + 1, self.params.spec().coinbase_maturity);
        worth(self.coins.values().filter(|coin| coin.is_mature_at(height, maturity)), owner)
    }

    /// Returns the worth of an owner's coins among those that the tip's state root proves; zero if it proves none.
    pub(super) fn proved(&self, owner: PublicKey) -> Amount {
        match &self.shown {
            Some(shown) => worth(shown.values(), owner),
            None if self.supply.root_fits => self.worth(owner),
            None => Amount::ZERO,
        }
    }

    /// Returns the work that the next block needs on average.
    pub(super) fn next_work(&self) -> Work {
        self.context.expected_bits(&self.params).to_target().map(|target| target.work()).unwrap_or_default()
    }

    /// Returns the work that the tip counts for.
    pub(super) fn tip_work(&self) -> Work {
        self.tip().header.bits.to_target().map(|target| target.work()).unwrap_or_default()
    }

    /// Returns the number of blocks that a walk from the tip towards genesis finds, from parent to parent.
    pub(super) fn linked(&self) -> usize {
        let by_hash: BTreeMap<BlockHash, BlockHash> =
            self.blocks.iter().map(|block| (block.hash(), block.header.previous)).collect();
        std::iter::successors(Some(self.tip().hash()), |hash| by_hash.get(hash).copied())
            .take_while(|hash| by_hash.contains_key(hash))
            .count()
    }

    /// Returns the number of the tip's payments whose Merkle proofs hold under the tip's header.
    pub(super) fn provable(&self) -> usize {
        let tip = self.tip();
        let holds = |txid| {
            let proof = tip.inclusion_proof(txid);
            proof.is_some_and(|(proof, wtxid)| proof.verify(tip.header.merkle_root, txid, wtxid))
        };
        tip.transactions.iter().filter(|payment| holds(payment.txid())).count()
    }

    /// Returns the worth of what each payment of the tip spends, as far as its coins exist.
    pub(super) fn spends(&self) -> Vec<Amount> {
        let mut made = BTreeMap::new();
        for block in &self.blocks {
            let coinbase = &block.coinbase;
            made.extend(coinbase.outpoints(coinbase.txid()).map(|(outpoint, output)| (outpoint, output.value)));
            for payment in &block.transactions {
                made.extend(payment.outpoints(payment.txid()).map(|(outpoint, output)| (outpoint, output.value)));
            }
        }
        let spent = |inputs: &[OutPoint]| inputs.iter().filter_map(|outpoint| made.get(outpoint).copied()).sum();
        self.tip().transactions.iter().map(|payment| spent(&payment.inputs)).collect()
    }
}

fn worth<'a>(coins: impl Iterator<Item = &'a Coin>, owner: PublicKey) -> Amount {
    coins.filter(|coin| coin.output.owner == owner).map(|coin| coin.output.value).sum()
}

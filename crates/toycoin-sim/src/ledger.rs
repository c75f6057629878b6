//! Slow and simple model of a chain's UTXO set: a map, and the blocks that produced it.

use std::{collections::BTreeMap, sync::Arc};

use toycoin_core::{
    Amount, BlockHash, CheckedBlock, OutPoint, TxOut,
    store::{ChainStore, MemoryStore},
};

use crate::genesis::Genesis;

/// The UTXO set of one chain, updated block by block without the engine of the core.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    genesis: Arc<Genesis>,
    /// Coins that were created since genesis, and `None` for those of genesis that were spent.
    changed: BTreeMap<OutPoint, Option<TxOut>>,
    /// Coins that each block spent, for disconnecting it.
    spent: Vec<(BlockHash, Vec<(OutPoint, TxOut)>)>,
}

impl Ledger {
    pub(crate) fn new(genesis: &Arc<Genesis>) -> Self {
        Self { genesis: Arc::clone(genesis), changed: BTreeMap::new(), spent: Vec::new() }
    }

    /// Connects a block. An error means that an input's coin was spent before or never existed.
    pub(crate) fn connect(&mut self, block: &Arc<CheckedBlock>) -> Result<(), String> {
        let mut spent = Vec::new();
        self.create(block.block().coinbase.outpoints(block.coinbase_txid()));
        for (txid, transaction) in block.transactions() {
            for outpoint in &transaction.inputs {
                match self.remove(outpoint) {
                    Some(coin) => spent.push((*outpoint, coin)),
                    None => {
                        return Err(format!(
                            "transaction {txid} in block {} spends {outpoint}, which is no unspent coin",
                            block.hash()
                        ));
                    }
                }
            }
            self.create(transaction.outpoints(txid));
        }
        self.spent.push((block.hash(), spent));
        Ok(())
    }

    pub(crate) fn disconnect(&mut self, block: &Arc<CheckedBlock>) -> Result<(), String> {
        let Some((_, spent)) = self.spent.pop_if(|(hash, _)| *hash == block.hash()) else {
            return Err(format!("block {} left the chain, but was not its tip", block.hash()));
        };
        self.create(spent.iter().map(|(outpoint, coin)| (*outpoint, coin)));
        let coinbase = block.block().coinbase.outpoints(block.coinbase_txid());
        let others = block.transactions().flat_map(|(txid, transaction)| transaction.outpoints(txid));
        for (outpoint, _) in coinbase.chain(others) {
            self.remove(&outpoint);
        }
        Ok(())
    }

    fn create<'a>(&mut self, coins: impl Iterator<Item = (OutPoint, &'a TxOut)>) {
        for (outpoint, coin) in coins {
            match self.genesis.coins.get(&outpoint) {
                Some(same) if same == coin => self.changed.remove(&outpoint),
                _ => self.changed.insert(outpoint, Some(*coin)),
            };
        }
    }

    /// Removes a coin and returns it; `None` if there is no such coin.
    fn remove(&mut self, outpoint: &OutPoint) -> Option<TxOut> {
        match self.genesis.coins.get(outpoint).copied() {
            Some(first) => self.changed.insert(*outpoint, None).unwrap_or(Some(first)),
            None => self.changed.remove(outpoint).flatten(),
        }
    }

    pub(crate) fn sum(&self) -> Amount {
        self.changed.iter().fold(self.genesis.money, |sum, (outpoint, coin)| {
            let first = self.genesis.coins.get(outpoint).map_or(Amount::ZERO, |first| first.value);
            sum.saturating_sub(first).saturating_add(coin.map_or(Amount::ZERO, |coin| coin.value))
        })
    }

    fn get(&self, outpoint: &OutPoint) -> Option<TxOut> {
        self.changed.get(outpoint).copied().unwrap_or_else(|| self.genesis.coins.get(outpoint).copied())
    }

    /// Returns the number of coins.
    fn len(&self) -> usize {
        let is_first = |outpoint: &OutPoint| self.genesis.coins.contains_key(outpoint);
        let (mut more, mut less) = (0, 0);
        for (outpoint, coin) in &self.changed {
            more += usize::from(coin.is_some());
            less += usize::from(is_first(outpoint));
        }
        self.genesis.coins.len() + more - less
    }

    /// Compares the ledger with the coins in a store: with all of them, or with what has changed since a genesis that
    /// both share.
    pub(crate) fn compare(&self, store: &MemoryStore) -> Result<(), String> {
        if store.shares_coins_with(&self.genesis.store) {
            return self.compare_changes(store);
        }
        let (mut count, mut wrong) = (0, None);
        let visited = store.visit_coins(&mut |outpoint, coin| {
            count += 1;
            if self.get(outpoint) != Some(coin.output) {
                wrong = Some(*outpoint).min(wrong).or(Some(*outpoint));
            }
        });
        match (visited, wrong) {
            (Ok(()), Some(outpoint)) => Err(format!("the store has coin {outpoint}, the blocks leave no such coin")),
            _ if count != self.len() => Err(format!("the store has {count} coins, the blocks leave {}", self.len())),
            _ => Ok(()),
        }
    }

    fn compare_changes(&self, store: &MemoryStore) -> Result<(), String> {
        let changes = store.changed_coins();
        let count = changes.len();
        let is_wrong = |outpoint: &OutPoint, coin: Option<TxOut>| self.changed.get(outpoint) != Some(&coin);
        let wrong = changes.map(|(outpoint, coin)| (outpoint, coin.map(|coin| coin.output)));
        match wrong.filter(|(outpoint, coin)| is_wrong(outpoint, *coin)).map(|(outpoint, _)| outpoint).min() {
            Some(outpoint) => Err(format!("the store and the blocks differ in coin {outpoint}")),
            // each change of the store is one of the blocks
            None if count != self.changed.len() => {
                Err(format!("the store has {count} changes of its coins, the blocks make {}", self.changed.len()))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams, FeeRate, SecretKey, Wallet};

    use super::*;

    /// Returns a chain of blocks of a payment each, its blocks, and the genesis of its network.
    fn paid() -> (Chain<MemoryStore>, Vec<Arc<CheckedBlock>>, Arc<Genesis>) {
        let params = ChainParams::regtest();
        let genesis = Arc::new(Genesis::new(&params));
        let mut chain = Chain::open(params.clone(), genesis.store.clone()).unwrap();
        let mut wallet = Wallet::new(params, SecretKey::classroom(0));
        let (mut blocks, to) = (Vec::new(), wallet.address());
        for _ in 0..6 {
            let payment = wallet.pay(to, Amount::from_grains(7_000), FeeRate::ZERO).unwrap();
            let now_ms = chain.tip().time + 1_000;
            let block = chain.template(vec![payment], to.owner(), b"", now_ms).unwrap().mine_trivial();
            chain.apply(block, now_ms).unwrap();
            blocks.push(chain.block_at(chain.height()).unwrap().unwrap());
            wallet.connect_checked(blocks.last().unwrap()).unwrap();
        }
        (chain, blocks, genesis)
    }

    #[test]
    fn follows_a_chain_forth_and_back() {
        let (chain, blocks, genesis) = paid();
        let mut ledger = Ledger::new(&genesis);
        for block in &blocks {
            ledger.connect(block).unwrap();
        }
        assert_eq!(ledger.compare(chain.store()), Ok(()));
        assert_eq!(ledger.sum(), chain.state().issued);
        // a store that shares nothing is compared coin by coin
        let mut apart = Chain::in_memory(ChainParams::regtest());
        for block in &blocks {
            apart.apply(block.block().clone(), block.block().header.time).unwrap();
        }
        assert!(!apart.store().shares_coins_with(&genesis.store));
        assert_eq!(ledger.compare(apart.store()), Ok(()));
        ledger.disconnect(&blocks[5]).unwrap();
        assert!(ledger.compare(chain.store()).is_err() && ledger.compare(apart.store()).is_err());
        for block in blocks.iter().rev().skip(1) {
            ledger.disconnect(block).unwrap();
        }
        assert_eq!(ledger.compare(&genesis.store), Ok(()));
        assert_eq!((ledger.changed.len(), ledger.sum()), (0, genesis.money));
    }

    #[test]
    fn refuses_a_coin_that_is_spent_twice() {
        let (_, blocks, genesis) = paid();
        let mut ledger = Ledger::new(&genesis);
        ledger.connect(&blocks[0]).unwrap();
        assert!(ledger.connect(&blocks[0]).is_err());
    }
}

//! Slow and simple model of a chain's UTXO set: a map, and the blocks that produced it.

use std::{collections::BTreeMap, sync::Arc};

use toycoin_core::{Amount, BlockHash, ChainParams, CheckedBlock, OutPoint, TxOut, store::ChainStore};

/// The UTXO set of one chain, updated block by block without the engine of the core.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    coins: BTreeMap<OutPoint, TxOut>,
    /// Coins that each block spent, for disconnecting it.
    spent: Vec<(BlockHash, Vec<(OutPoint, TxOut)>)>,
}

impl Ledger {
    pub(crate) fn new(params: &ChainParams) -> Self {
        let coinbase = &params.genesis().coinbase;
        let coins = coinbase.outpoints(coinbase.txid()).map(|(outpoint, output)| (outpoint, *output)).collect();
        Self { coins, spent: Vec::new() }
    }

    /// Connects a block. An error means that an input's coin was spent before or never existed.
    pub(crate) fn connect(&mut self, block: &Arc<CheckedBlock>) -> Result<(), String> {
        let mut spent = Vec::new();
        let coinbase = &block.block().coinbase;
        self.coins.extend(coinbase.outpoints(block.coinbase_txid()).map(|(outpoint, output)| (outpoint, *output)));
        for (txid, transaction) in block.transactions() {
            for outpoint in &transaction.inputs {
                match self.coins.remove(outpoint) {
                    Some(coin) => spent.push((*outpoint, coin)),
                    None => {
                        return Err(format!(
                            "transaction {txid} in block {} spends {outpoint}, which is no unspent coin",
                            block.hash()
                        ));
                    }
                }
            }
            self.coins.extend(transaction.outpoints(txid).map(|(outpoint, output)| (outpoint, *output)));
        }
        self.spent.push((block.hash(), spent));
        Ok(())
    }

    pub(crate) fn disconnect(&mut self, block: &Arc<CheckedBlock>) -> Result<(), String> {
        let Some((_, spent)) = self.spent.pop_if(|(hash, _)| *hash == block.hash()) else {
            return Err(format!("block {} left the chain, but was not its tip", block.hash()));
        };
        self.coins.extend(spent);
        let coinbase = block.block().coinbase.outpoints(block.coinbase_txid());
        let others = block.transactions().flat_map(|(txid, transaction)| transaction.outpoints(txid));
        for (outpoint, _) in coinbase.chain(others) {
            self.coins.remove(&outpoint);
        }
        Ok(())
    }

    pub(crate) fn sum(&self) -> Amount {
        self.coins.values().fold(Amount::ZERO, |sum, coin| sum.saturating_add(coin.value))
    }

    /// Compares the ledger with the coins in a store.
    pub(crate) fn compare<S: ChainStore>(&self, store: &S) -> Result<(), String> {
        let (mut count, mut wrong) = (0, None);
        let visited = store.visit_coins(&mut |outpoint, coin| {
            count += 1;
            if self.coins.get(outpoint) != Some(&coin.output) {
                wrong = Some(*outpoint).min(wrong).or(Some(*outpoint));
            }
        });
        match (visited.is_err(), wrong) {
            (true, _) => Err("the store failed to list its coins".into()),
            (_, Some(outpoint)) => Err(format!("the store has coin {outpoint}, the blocks leave no such coin")),
            _ if count != self.coins.len() => {
                Err(format!("the store has {count} coins, the blocks leave {}", self.coins.len()))
            }
            _ => Ok(()),
        }
    }
}

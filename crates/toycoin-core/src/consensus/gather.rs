//! The coins that a block spends, collected before it is judged. Only this stage fails when the store fails.

use crate::{
    consensus::CheckedBlock,
    digest::Txid,
    keyed_map::KeyedMap,
    transaction::{OutPoint, Transaction},
    utxo::{Coin, UtxoView},
};

/// The coins that a block's inputs spend, in the order of the inputs. An entry is `None` if there is no such coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCoins(Vec<Option<Coin>>);

impl BlockCoins {
    /// Returns how many inputs there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns each transaction except the coinbase, with its id and the coins that its inputs name.
    pub(super) fn of<'a>(
        &'a self,
        block: &'a CheckedBlock,
    ) -> impl Iterator<Item = (Txid, &'a Transaction, &'a [Option<Coin>])> {
        let mut rest = self.0.as_slice();
        block.transactions().map(move |(txid, transaction)| {
            let (coins, after) = rest.split_at_checked(transaction.inputs.len()).unwrap_or((rest, &[]));
            rest = after;
            (txid, transaction, coins)
        })
    }
}

/// Collects the coins that a block spends, including those that the block itself creates earlier in its order.
///
/// # Errors
/// An error of the view.
pub fn gather<V: UtxoView>(block: &CheckedBlock, view: &V) -> Result<BlockCoins, V::Error> {
    // coins created in this block and not yet spent by it, and coins of the view that it has spent
    let inputs = block.block().transactions.iter().map(|transaction| transaction.inputs.len()).sum();
    let outputs: usize = block.block().transactions.iter().map(|transaction| transaction.outputs.len()).sum();
    let mut made: KeyedMap<OutPoint, Option<Coin>> =
        KeyedMap::with_capacity_and_hasher(inputs + outputs, Default::default());
    made.extend(coinbase_coins(block).map(|(outpoint, coin)| (outpoint, Some(coin))));
    let mut coins = Vec::with_capacity(inputs);
    for (txid, transaction) in block.transactions() {
        for outpoint in &transaction.inputs {
            let coin = match made.get(outpoint) {
                Some(coin) => *coin,
                None => view.coin(outpoint)?,
            };
            coins.push(coin);
            made.insert(*outpoint, None);
        }
        for (outpoint, output) in transaction.outpoints(txid) {
            made.insert(outpoint, Some(Coin { output: *output, coinbase_height: 0 }));
        }
    }
    Ok(BlockCoins(coins))
}

/// Returns the coins that a block's coinbase creates.
pub(crate) fn coinbase_coins(block: &CheckedBlock) -> impl Iterator<Item = (OutPoint, Coin)> {
    let (outputs, height) = (block.block().coinbase.outpoints(block.coinbase_txid()), block.height());
    outputs.map(move |(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: height }))
}

//! The coins that a block spends, collected before it is judged. Only this stage fails when the store fails.

use crate::{
    consensus::CheckedBlock,
    digest::Txid,
    keyed_map::{KeyedMap, KeyedSet},
    transaction::{OutPoint, Transaction},
    utxo::{Coin, UtxoView},
};

/// The coins that a block's inputs spend, in the order of the inputs. An entry is `None` if there is no such coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCoins {
    coins: Vec<Option<Coin>>,
    /// The block's transactions whose ids its inputs name.
    parents: KeyedSet<Txid>,
}

impl BlockCoins {
    /// Returns how many inputs there are.
    pub(super) const fn len(&self) -> usize {
        self.coins.len()
    }

    /// Returns whether an input of the block names this transaction of the block. Of no other transaction the block can
    /// both create and spend a coin.
    pub(super) fn is_parent(&self, txid: &Txid) -> bool {
        self.parents.contains(txid)
    }

    /// Returns each transaction except the coinbase, with its id and the coins that its inputs name.
    pub(super) fn of<'a>(
        &'a self,
        block: &'a CheckedBlock,
    ) -> impl Iterator<Item = (Txid, &'a Transaction, &'a [Option<Coin>])> {
        let mut rest = self.coins.as_slice();
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
    let inputs = || block.block().transactions.iter().flat_map(|transaction| &transaction.inputs);
    let count = inputs().count();
    let mut own = KeyedSet::with_capacity_and_hasher(block.ids().len(), Default::default());
    own.extend(block.ids().iter().map(|(txid, _)| *txid));
    // the block's transactions from which it spends: usually few, and no coins of others are looked for here
    let parents: KeyedSet<Txid> = inputs().map(|outpoint| outpoint.txid).filter(|txid| own.contains(txid)).collect();

    let mut made: KeyedMap<OutPoint, Coin> = KeyedMap::default();
    if parents.contains(&block.coinbase_txid()) {
        made.extend(coinbase_coins(block));
    }
    let mut spent: KeyedSet<OutPoint> = KeyedSet::with_capacity_and_hasher(count, Default::default());
    let mut coins = Vec::with_capacity(count);
    for (txid, transaction) in block.transactions() {
        for outpoint in &transaction.inputs {
            coins.push(match made.get(outpoint).copied() {
                _ if !spent.insert(*outpoint) => None,
                None => view.coin(outpoint)?,
                coin => coin,
            });
        }
        if parents.contains(&txid) {
            for (outpoint, output) in transaction.outpoints(txid) {
                spent.remove(&outpoint);
                made.insert(outpoint, Coin { output: *output, coinbase_height: 0 });
            }
        }
    }
    Ok(BlockCoins { coins, parents })
}

/// Returns the coins that a block's coinbase creates.
pub(crate) fn coinbase_coins(block: &CheckedBlock) -> impl Iterator<Item = (OutPoint, Coin)> {
    let (outputs, height) = (block.block().coinbase.outpoints(block.coinbase_txid()), block.height());
    outputs.map(move |(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: height }))
}

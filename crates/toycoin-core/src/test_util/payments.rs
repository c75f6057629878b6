//! Payments between classroom keys. Each may spend coins that earlier ones created.

use std::collections::BTreeMap;

use crate::{
    amount::Amount,
    digest::BlockHash,
    test_util::classroom,
    transaction::{OutPoint, Transaction, TxOut},
    utxo::Coin,
};

/// A set of coins, and a builder of payments that spend them. The payments fit in one block in the order of their
/// creation.
#[derive(Debug, Clone)]
pub struct Payments {
    genesis: BlockHash,
    coins: BTreeMap<OutPoint, TxOut>,
}

impl Payments {
    /// Starts with spendable coins, on the network with that genesis.
    pub fn new(genesis: BlockHash, coins: impl IntoIterator<Item = (OutPoint, Coin)>) -> Self {
        Self { genesis, coins: coins.into_iter().map(|(outpoint, coin)| (outpoint, coin.output)).collect() }
    }

    /// Returns the coins that are left.
    pub const fn coins(&self) -> &BTreeMap<OutPoint, TxOut> {
        &self.coins
    }

    /// Returns the coins that key `index` can spend, in the order of their outpoints.
    pub fn coins_of(&self, index: u32) -> impl Iterator<Item = (OutPoint, TxOut)> {
        let owner = classroom::owner(index);
        self.coins.iter().map(|(outpoint, coin)| (*outpoint, *coin)).filter(move |(_, coin)| coin.owner == owner)
    }

    /// Pays `value` from one key to another with as many coins as needed. The change goes back to the payer.
    ///
    /// Returns `None` if `from` has less than value and fee, or if `value` is zero.
    pub fn pay(&mut self, from: u32, to: u32, value: Amount, fee: Amount) -> Option<Transaction> {
        let wanted = value.checked_add(fee)?;
        let mut sum = Amount::ZERO;
        let mut inputs = Vec::new();
        for (outpoint, coin) in self.coins_of(from) {
            if sum >= wanted {
                break;
            }
            sum = sum.checked_add(coin.value)?;
            inputs.push(outpoint);
        }
        let change = sum.checked_sub(wanted)?;
        let outputs =
            [(value, to), (change, from)].map(|(value, index)| TxOut { value, owner: classroom::owner(index) });
        if value == Amount::ZERO {
            return None;
        }
        Some(self.spend(inputs, outputs.into_iter().filter(|output| output.value > Amount::ZERO).collect()))
    }

    /// Makes a double spend: a payment that spends the first coin of another one, all of it to key `to`. The coins of
    /// this set do not change.
    ///
    /// Returns `None` if that coin is not in the set, or if the other payment is the same.
    pub fn conflict(&self, other: &Transaction, to: u32) -> Option<Transaction> {
        let input = *other.inputs.first()?;
        let output = TxOut { owner: classroom::owner(to), ..*self.coins.get(&input)? };
        let conflict = self.clone().spend(vec![input], vec![output]);
        (conflict.txid() != other.txid()).then_some(conflict)
    }

    /// Makes a signed transaction from these coins and outputs, whatever their values are.
    ///
    /// # Panics
    /// When a coin is not in the set, or belongs to no classroom key.
    pub fn spend(&mut self, inputs: Vec<OutPoint>, outputs: Vec<TxOut>) -> Transaction {
        let take = |outpoint| self.coins.remove(outpoint).expect("a coin at hand");
        let spent: Vec<_> = inputs.iter().map(take).collect();
        let mut transaction = Transaction { version: Transaction::VERSION, inputs, outputs, signatures: Vec::new() };
        classroom::sign(&mut transaction, self.genesis, &spent);
        let made = transaction.outpoints(transaction.txid());
        self.coins.extend(made.map(|(outpoint, output)| (outpoint, *output)));
        transaction
    }
}

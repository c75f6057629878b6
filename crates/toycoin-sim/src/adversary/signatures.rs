//! Transactions whose many valid signatures cost time to verify before the last one turns out to be invalid.

use std::time::Duration;

use toycoin_core::{
    Amount, OutPoint, SecretKey, Signature, Transaction, TransactionBuilder, TxOut, sighash, utxo::Coin,
};
use toycoin_wire::node::NodeMessage;

use crate::adversary::{Said, Scene, Tactic};

/// Sends orphans with many inputs and an invalid last signature, and then the parent whose outputs they spend.
#[derive(Debug, Clone)]
pub struct BadOrphans {
    /// Key whose coins are spent.
    pub key: SecretKey,
    /// Number of inputs of each orphan.
    pub inputs: u32,
    /// Number of orphans at a time.
    pub burst: u64,
}

impl BadOrphans {
    /// Returns an adversary that spends the coins of a node's wallet.
    pub fn of_node(node: usize, inputs: u32, burst: u64) -> Self {
        Self { key: crate::params::wallet_key(node), inputs, burst }
    }
}

impl Tactic for BadOrphans {
    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let owner = self.key.public_key();
        let Some(coin) = scene.chain.coins_of(&owner).ok().and_then(|coins| coins.into_iter().next()) else {
            return Vec::new();
        };
        let own = scene.chain.params().address(owner);
        let parent = TransactionBuilder::new(scene.chain.params()).spend([coin]);
        let parent = (0..self.inputs).fold(parent, |parent, _| parent.pay(own, Amount::from_grains(1_000)));
        let Ok(parent) = parent.fee_rate(toycoin_core::FeeRate::grains_per_byte(3)).sign(&self.key) else {
            return Vec::new();
        };
        let inputs: Vec<_> = coins_of(&parent).take(usize::try_from(self.inputs).unwrap_or(0)).collect();
        let orphans = (1..=self.burst).map(|grains| all_but_last_signed(scene, &self.key, &inputs, grains));
        let said = orphans.chain([parent]).map(|transaction| (None, NodeMessage::Transaction(transaction)));
        said.collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(10))
    }
}

/// Sends a payment whose last signature is invalid, disconnects, and reconnects with another node id.
#[derive(Debug, Clone)]
pub struct BadPayments {
    /// Key whose coins are spent.
    pub key: SecretKey,
    spent: u64,
}

impl BadPayments {
    /// Returns an adversary that spends the coins of a node's wallet.
    pub fn of_node(node: usize) -> Self {
        Self { key: crate::params::wallet_key(node), spent: 0 }
    }
}

impl Tactic for BadPayments {
    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let Ok(coins) = scene.chain.coins_of(&self.key.public_key()) else { return Vec::new() };
        if coins.is_empty() {
            return Vec::new();
        }
        self.spent += 1;
        let payment = all_but_last_signed(scene, &self.key, &coins, self.spent);
        vec![(None, NodeMessage::Transaction(payment))]
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn hangs_up(&self) -> bool {
        true
    }
}

fn coins_of(transaction: &Transaction) -> impl Iterator<Item = (OutPoint, Coin)> {
    let outpoints = transaction.outpoints(transaction.txid());
    outpoints.map(|(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: 0 }))
}

/// Returns a transaction that spends coins with valid signatures, except for the last one.
fn all_but_last_signed(scene: &Scene<'_>, key: &SecretKey, coins: &[(OutPoint, Coin)], grains: u64) -> Transaction {
    let mut transaction = Transaction {
        version: 1,
        inputs: coins.iter().map(|(outpoint, _)| *outpoint).collect(),
        outputs: vec![TxOut { value: Amount::from_grains(grains), owner: key.public_key() }],
        signatures: Vec::new(),
    };
    let genesis = scene.chain.params().genesis_hash();
    let message = sighash(genesis, transaction.txid(), coins.iter().map(|(_, coin)| coin.output));
    let good = key.sign(message.as_bytes());
    transaction.signatures = vec![good; coins.len()];
    if let Some(last) = transaction.signatures.last_mut() {
        *last = Signature::from_bytes([9; 64]);
    }
    transaction
}

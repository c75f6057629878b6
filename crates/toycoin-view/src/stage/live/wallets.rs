//! The wallets of a live network: one for each node, with a classroom key that everybody knows.

use std::time::Duration;

use toycoin_core::{Amount, ChainParams, SecretKey, wallet::Wallet};
use toycoin_node::NodeHandle;
use toycoin_sim::Dice;

use crate::command::Refusal;

/// Lowest balance from which a random payment is made.
const LEAST_BALANCE: u64 = 100_000;

/// Returns the key of a node's wallet, which its blocks pay too.
pub(super) fn key(node: usize) -> SecretKey {
    SecretKey::classroom(u32::try_from(node).unwrap_or(u32::MAX))
}

/// The wallet of each node.
#[derive(Debug)]
pub(super) struct Wallets {
    wallets: Vec<Wallet>,
    dice: Dice,
}

impl Wallets {
    pub(super) fn new(params: &ChainParams, nodes: usize, seed: u64) -> Self {
        let wallets = (0..nodes).map(|node| Wallet::new(params.clone(), key(node))).collect();
        Self { wallets, dice: Dice::new(seed, 0) }
    }

    /// Returns the time until the next random payment.
    pub(super) fn pause(&mut self, payments_per_second: f64) -> Duration {
        self.dice.exponential(Duration::from_secs_f64(1.0 / payments_per_second))
    }

    /// Makes a wallet that has coins pay another one, drawn at random.
    pub(super) async fn pay_somebody(&mut self, nodes: &[NodeHandle]) {
        let count = self.wallets.len();
        let (first, step) = (self.dice.index(count), self.dice.index(count.max(2) - 1));
        for from in (0..count).map(|index| (first + index) % count) {
            let Some(node) = nodes.get(from) else { return };
            if self.follow(from, node).await.is_err() {
                continue;
            }
            let balance = self.wallets.get(from).map_or(0, |wallet| wallet.balance().available.grains());
            if balance < LEAST_BALANCE {
                continue;
            }
            let value = 1 + self.dice.below(balance / 20);
            let fee = 200 + self.dice.below(4_000);
            // a payment that a node refuses is no loss to a class
            let _ = self.pay(from, (from + 1 + step) % count, value, fee, node).await;
            return;
        }
    }

    /// Pays from one wallet to another through the payer's node, and returns the payment's id in hex.
    ///
    /// # Errors
    /// When the wallet lacks coins, or the node refuses the payment or is down.
    pub(super) async fn pay(
        &mut self,
        from: usize,
        to: usize,
        value: u64,
        fee: u64,
        node: &NodeHandle,
    ) -> Result<String, Refusal> {
        let down = || Refusal::Cannot(format!("node {from} is down, so its wallet cannot pay"));
        self.follow(from, node).await.map_err(|()| down())?;
        let nodes = self.wallets.len();
        let address = self.wallets.get(to).map(Wallet::address).ok_or(Refusal::NoSuchNode { node: to, nodes })?;
        let wallet = self.wallets.get_mut(from).ok_or(Refusal::NoSuchNode { node: from, nodes })?;
        let payment = wallet.pay_with_fee(address, Amount::from_grains(value), Amount::from_grains(fee));
        let payment = payment.map_err(|error| Refusal::Unfit(error.to_string()))?;
        let txid = payment.txid();
        match node.submit(payment).await {
            Ok(txid) => Ok(txid.to_string()),
            Err(error) => {
                wallet.reject(&txid, &error.to_string());
                Err(Refusal::Unfit(format!("the payment is refused: {error}")))
            }
        }
    }

    /// Brings a wallet to its node's tip.
    async fn follow(&mut self, node: usize, handle: &NodeHandle) -> Result<(), ()> {
        let Some(wallet) = self.wallets.get_mut(node) else { return Err(()) };
        loop {
            let since = handle.blocks_since(wallet.tip()).await.map_err(|_| ())?;
            for block in &since.disconnected {
                wallet.disconnect(block.block()).map_err(|_| ())?;
            }
            for block in &since.connected {
                wallet.connect(block.block()).map_err(|_| ())?;
            }
            if since.complete {
                return Ok(());
            }
        }
    }
}

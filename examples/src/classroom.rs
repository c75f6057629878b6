//! The classroom's four wallets, whose keys are public, and payments between them.

use std::error::Error;

use toycoin_core::{Amount, FeeRate, SecretKey, Txid, wallet::Wallet};
use toycoin_node::{NodeHandle, PaymentError, protocol::Confirmed};

use crate::follow::follow;

/// Number of classroom wallets.
pub const WALLETS: u32 = 4;

/// Pseudorandom numbers from a seed, by SplitMix64 (Steele, Lea, Flood, 2014).
#[derive(Debug, Clone)]
pub struct Choices(u64);

impl Choices {
    /// Returns the generator for a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number below `bound`.
    ///
    /// # Panics
    /// If `bound` is zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// A payment that a node has accepted.
#[derive(Debug, Clone, Copy)]
pub struct Payment {
    /// Transaction id.
    pub txid: Txid,
    /// Index of the wallet that pays.
    pub from: u32,
    /// Index of the wallet that is paid.
    pub to: u32,
    /// Amount paid.
    pub amount: Amount,
}

/// The four wallets behind one node.
#[derive(Debug)]
pub struct Classroom {
    node: NodeHandle,
    wallets: Vec<Wallet>,
}

impl Classroom {
    /// Opens the wallets.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn open(node: NodeHandle) -> Result<Self, Box<dyn Error>> {
        let wallet = |index| Wallet::new(node.params().clone(), SecretKey::classroom(index));
        let mut wallets: Vec<_> = (0..WALLETS).map(wallet).collect();
        follow(&node, &mut wallets).await?;
        Ok(Self { node, wallets })
    }

    /// Makes a wallet that has coins pay some of them to another wallet.
    ///
    /// # Errors
    /// If no wallet has coins to spend, or the node rejects the payment. A rejected payment's coins are free again.
    pub async fn pay_somebody(&mut self, choices: &mut Choices) -> Result<Payment, Box<dyn Error>> {
        follow(&self.node, &mut self.wallets).await?;
        let first = u32::try_from(choices.below(u64::from(WALLETS)))?;
        for from in (0..WALLETS).map(|step| (first + step) % WALLETS) {
            let to = (from + 1 + u32::try_from(choices.below(u64::from(WALLETS - 1)))?) % WALLETS;
            let address = self.node.params().address(SecretKey::classroom(to).public_key());
            let Some(wallet) = self.wallets.get_mut(from as usize) else { continue };
            let have = wallet.balance().available.grains();
            if have < 100 {
                continue;
            }
            let amount = Amount::from_grains(1 + choices.below(have / 10));
            let payment = wallet.pay(address, amount, FeeRate::ZERO)?;
            let txid = payment.txid();
            if let Err(error) = self.node.submit(payment).await {
                wallet.reject(&txid, &error.to_string());
                return Err(error.into());
            }
            return Ok(Payment { txid, from, to, amount });
        }
        Err("no classroom wallet has money to spend".into())
    }

    /// Waits for a payment's first confirmation. The inner `Err` says why it was dropped; its coins are then free
    /// again.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn confirmation(&mut self, payment: &Payment) -> Result<Result<Confirmed, String>, Box<dyn Error>> {
        let waited = self.node.wait_for_confirmations(payment.txid, 1).await;
        follow(&self.node, &mut self.wallets).await?;
        match waited {
            Ok(confirmed) => Ok(Ok(confirmed)),
            Err(PaymentError::NotConfirmed(error)) => {
                if let Some(wallet) = self.wallets.get_mut(payment.from as usize) {
                    wallet.reject(&payment.txid, &error.to_string());
                }
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the balances of all wallets, separated by spaces.
    pub fn balances(&self) -> String {
        let balances = self.wallets.iter().map(|wallet| wallet.balance().total().to_string());
        balances.collect::<Vec<_>>().join(" ")
    }
}

/// Returns the value of a key's coins, immature ones included.
///
/// # Errors
/// If the node has stopped.
pub async fn worth(node: &NodeHandle, key: &SecretKey) -> Result<Amount, Box<dyn Error>> {
    let coins = node.coins_of(key.public_key()).await?;
    Ok(coins.iter().map(|(_, coin)| coin.output.value).sum())
}

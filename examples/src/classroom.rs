//! The classroom's four wallets, whose keys are public, and payments between them.

use std::error::Error;

use toycoin_core::{Amount, BuildError, FeeRate, PublicKey, SecretKey, Txid, wallet::Wallet};
use toycoin_node::{NodeHandle, PaymentError, protocol::Confirmed};

use crate::{
    follow::follow,
    look::Look,
    words::{money, price},
};

/// Number of classroom wallets.
pub const WALLETS: u32 = 4;

/// Names of the people who hold the classroom's keys, in the order of these.
pub const NAMES: [&str; WALLETS as usize] = ["Alice", "Bob", "Carol", "Dave"];

/// A hundredth of a toycoin: the unit of the amounts that people pay.
pub const HUNDREDTH: Amount = Amount::from_grains(1_000_000);

/// Fewest hundredths that a wallet has for its payments to be whole hundredths.
const FEWEST_HUNDREDTHS: u64 = 20;

/// Returns the name of the person who holds a classroom key.
pub fn name_of(owner: PublicKey) -> Option<&'static str> {
    NAMES
        .into_iter()
        .zip(0..)
        .find(|(_, index)| SecretKey::classroom(*index).public_key() == owner)
        .map(|(name, _)| name)
}

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
    /// What the miner gets.
    pub fee: Amount,
}

impl Payment {
    /// Returns the payment in a few words, as the demonstration says them, with its fee.
    pub fn said(&self, look: Look) -> String {
        let name = |wallet: u32| NAMES.get(wallet as usize).copied().unwrap_or("nobody");
        let (from, to, amount) = (name(self.from), name(self.to), price(self.amount));
        format!("{from} {} {to} {amount}, fee {}", look.arrow(), money(self.fee))
    }
}

/// The four wallets behind one node.
#[derive(Debug)]
pub struct Classroom {
    node: NodeHandle,
    wallets: Vec<Wallet>,
    fee_rate: FeeRate,
}

impl Classroom {
    /// Opens the wallets, which will pay this fee rate.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn open(node: NodeHandle, fee_rate: FeeRate) -> Result<Self, Box<dyn Error>> {
        let wallet = |index| Wallet::new(node.params().clone(), SecretKey::classroom(index));
        let mut wallets: Vec<_> = (0..WALLETS).map(wallet).collect();
        follow(&node, &mut wallets).await?;
        Ok(Self { node, wallets, fee_rate })
    }

    /// Makes a wallet that has coins pay some of them to another wallet.
    ///
    /// # Errors
    /// If no wallet can pay amount and fee, or the node rejects the payment. A rejected payment's coins are free again.
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
            let hundredths = have / HUNDREDTH.grains();
            let (unit, units) =
                if hundredths < FEWEST_HUNDREDTHS { (1, have) } else { (HUNDREDTH.grains(), hundredths) };
            let amount = Amount::from_grains((1 + choices.below(units / 10)) * unit);
            let payment = match wallet.pay(address, amount, self.fee_rate) {
                Ok(payment) => payment,
                Err(BuildError::InsufficientFunds { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let txid = payment.txid();
            let fee = wallet.payment(&txid).map_or(Amount::ZERO, |payment| payment.fee);
            if let Err(error) = self.node.submit(payment).await {
                wallet.reject(&txid, &error.to_string());
                return Err(error.into());
            }
            return Ok(Payment { txid, from, to, amount, fee });
        }
        Err("no classroom wallet can pay amount and fee: the fees went to the miners; --fee-rate 0 pays none".into())
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

    /// Returns what each person has, separated by commas.
    pub fn balances(&self) -> String {
        let has = |(name, wallet): (&str, &Wallet)| format!("{name} {}", money(wallet.balance().total()));
        NAMES.into_iter().zip(&self.wallets).map(has).collect::<Vec<_>>().join(", ")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{WIDTH, width};

    #[test]
    fn classroom_keys_have_names() {
        let owner = |key| SecretKey::classroom(key).public_key();
        assert_eq!([0, 3, 4].map(|key| name_of(owner(key))), [Some("Alice"), Some("Dave"), None]);
    }

    #[test]
    fn payment_is_said_as_in_the_demonstration() {
        let grains = Amount::from_grains;
        let payment = Payment { txid: Txid::ZERO, from: 0, to: 1, amount: grains(250_000_000), fee: grains(980_000) };
        assert_eq!(payment.said(Look::PLAIN), "Alice -> Bob 2.50, fee 0.0098");
        let dear = Payment { amount: Amount::MAX_MONEY, fee: grains(99_999_999), ..payment };
        assert!(width(&format!("payment {}: {}", u64::MAX, dear.said(Look::PLAIN))) <= WIDTH);
    }
}

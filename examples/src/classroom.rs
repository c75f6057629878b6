//! The classroom's four wallets, whose keys everyone knows, paying each other.

use std::error::Error;

use toycoin_core::{Amount, SecretKey, TransactionBuilder, Txid};
use toycoin_node::rt::NodeHandle;

/// How many wallets there are.
pub const WALLETS: u32 = 4;

/// Numbers that look random, from a seed: SplitMix64 (Steele, Lea, Flood, 2014).
#[derive(Debug, Clone)]
pub struct Choices(u64);

impl Choices {
    /// Begins with a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number below `bound`, which must not be zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// A payment on its way.
#[derive(Debug, Clone, Copy)]
pub struct Payment {
    /// Its id.
    pub txid: Txid,
    /// Which wallet pays.
    pub from: u32,
    /// Which wallet is paid.
    pub to: u32,
    /// How much.
    pub amount: Amount,
}

/// Lets a wallet that has money pay some of it to another, through `node`.
///
/// # Errors
/// When nobody has money, or the node does not take the payment.
pub async fn pay_somebody(node: &NodeHandle, choices: &mut Choices) -> Result<Payment, Box<dyn Error>> {
    let params = node.params().clone();
    let first = u32::try_from(choices.below(u64::from(WALLETS)))?;
    for from in (0..WALLETS).map(|step| (first + step) % WALLETS) {
        let key = SecretKey::classroom(from);
        let coins = node.coins_of(key.public_key()).await?;
        let have: Amount = coins.iter().map(|(_, coin)| coin.output.value).sum();
        if have.grains() < 100 {
            continue;
        }
        let to = (from + 1 + u32::try_from(choices.below(u64::from(WALLETS - 1)))?) % WALLETS;
        let amount = Amount::from_grains(1 + choices.below(have.grains() / 10));
        let payment = TransactionBuilder::new(&params)
            .spend(coins)
            .pay(params.address(SecretKey::classroom(to).public_key()), amount)
            .sign(&key)?;
        let txid = node.submit(payment).await?;
        return Ok(Payment { txid, from, to, amount });
    }
    Err("no classroom wallet has money on this network".into())
}

/// Returns what each wallet has.
///
/// # Errors
/// When the node has stopped.
pub async fn balances(node: &NodeHandle) -> Result<Vec<Amount>, Box<dyn Error>> {
    let mut balances = Vec::new();
    for wallet in 0..WALLETS {
        balances.push(worth(node, &SecretKey::classroom(wallet)).await?);
    }
    Ok(balances)
}

/// Returns what a key's coins are worth, immature ones included.
///
/// # Errors
/// When the node has stopped.
pub async fn worth(node: &NodeHandle, key: &SecretKey) -> Result<Amount, Box<dyn Error>> {
    let coins = node.coins_of(key.public_key()).await?;
    Ok(coins.iter().map(|(_, coin)| coin.output.value).sum())
}

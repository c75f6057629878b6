//! What a block does to an owner's money.

use std::collections::HashMap;

use toycoin_core::{Amount, CheckedBlock, OutPoint, PublicKey, TxOut, Txid};
use toycoin_node::{NodeHandle, Stopped};

/// The coins that an owner has, or had.
///
/// Spent coins stay, and so do those of blocks that left the chain: what spends a coin of the owner is a payment by the
/// owner, however often the chain changes.
#[derive(Debug)]
pub struct Purse {
    owner: PublicKey,
    coins: HashMap<OutPoint, Amount>,
}

/// What a block does to an owner's money. A payment is in at most one of the lists.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Turnover {
    /// What the block's coinbase pays the owner.
    pub mined: Amount,
    /// Payments that brought the owner something, and how much.
    pub received: Vec<(Txid, Amount)>,
    /// Payments that cost the owner something, and how much, the fee included.
    pub paid: Vec<(Txid, Amount)>,
}

/// Returns what a block's coinbase pays an owner.
pub fn mined(block: &CheckedBlock, owner: PublicKey) -> Amount {
    block.block().coinbase.outputs.iter().filter(|output| output.owner == owner).map(|output| output.value).sum()
}

impl Purse {
    /// Returns an owner's purse with the coins that are on a node's chain now.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn open(owner: PublicKey, node: &NodeHandle) -> Result<Self, Stopped> {
        let mut purse = Self { owner, coins: HashMap::new() };
        purse.look(node).await?;
        Ok(purse)
    }

    /// Adds the coins that are on a node's chain now, when blocks were missed.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn look(&mut self, node: &NodeHandle) -> Result<(), Stopped> {
        let coins = node.coins_of(self.owner).await?;
        self.coins.extend(coins.into_iter().map(|(outpoint, coin)| (outpoint, coin.output.value)));
        Ok(())
    }

    /// Takes notice of a block that entered the chain, and returns what it does to the owner's money.
    pub fn connected(&mut self, block: &CheckedBlock) -> Turnover {
        let mut turnover = Turnover { mined: mined(block, self.owner), ..Turnover::default() };
        self.take(block.coinbase_txid(), &block.block().coinbase.outputs);
        for (txid, transaction) in block.transactions() {
            let spent: Amount = transaction.inputs.iter().filter_map(|input| self.coins.get(input)).copied().sum();
            let got = self.take(txid, &transaction.outputs);
            if got > spent {
                turnover.received.push((txid, got.saturating_sub(spent)));
            } else if spent > got {
                turnover.paid.push((txid, spent.saturating_sub(got)));
            }
        }
        turnover
    }

    /// Keeps the owner's coins among a transaction's outputs, and returns their value.
    fn take(&mut self, txid: Txid, outputs: &[TxOut]) -> Amount {
        let owner = self.owner;
        let own = (0..).zip(outputs).filter(|(_, output)| output.owner == owner);
        let own = own.map(|(vout, output)| (OutPoint { txid, vout }, output.value));
        let mut sum = Amount::ZERO;
        for (outpoint, value) in own {
            sum = sum.saturating_add(value);
            self.coins.insert(outpoint, value);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Block, Chain, ChainParams, FeeRate, SecretKey, wallet::Wallet};

    use super::*;

    fn checked(block: &Block, params: &ChainParams) -> CheckedBlock {
        block.clone().check(params).unwrap()
    }

    #[test]
    fn a_payment_is_received_or_paid_and_change_is_neither() {
        let params = ChainParams::regtest();
        let mut chain = Chain::in_memory(params.clone());
        let [alice, bob] = [0, 1].map(SecretKey::classroom);
        let to = |key: &SecretKey| params.address(key.public_key());
        let purse = |key: &SecretKey| {
            let coins = chain.coins_of(&key.public_key()).unwrap();
            let coins = coins.into_iter().map(|(outpoint, coin)| (outpoint, coin.output.value)).collect();
            Purse { owner: key.public_key(), coins }
        };
        let [mut of_alice, mut of_bob] = [&alice, &bob].map(purse);
        let mut wallet = Wallet::new(params.clone(), alice.clone());
        let amount = Amount::from_grains(250);
        let rate = FeeRate::grains_per_byte(1);
        let (paid, to_self) =
            (wallet.pay(to(&bob), amount, rate).unwrap(), wallet.pay(to(&alice), amount, FeeRate::ZERO));
        assert!(to_self.is_err(), "one coin, which waits");
        let block = chain.template(vec![paid.clone()], bob.public_key(), b"", u64::MAX >> 20).unwrap().mine_trivial();
        let block = checked(&block, &params);
        let (theirs, ours) = (of_alice.connected(&block), of_bob.connected(&block));
        assert_eq!(ours.received, [(paid.txid(), amount)]);
        assert!(ours.paid.is_empty() && theirs.received.is_empty());
        let fee = ours.mined.checked_sub(params.subsidy(1)).unwrap();
        assert_eq!(theirs, Turnover { paid: vec![(paid.txid(), amount.saturating_add(fee))], ..Turnover::default() });
        assert_eq!(of_bob.connected(&block), ours, "a block that left and came back says the same");
        chain.apply(block.block().clone(), u64::MAX >> 20).unwrap();
    }
}

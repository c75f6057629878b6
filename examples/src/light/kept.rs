//! What a light wallet keeps of a block: the transactions that concern it.

use std::collections::BTreeSet;

use toycoin_core::{Block, Txid, wallet::Wallet};

/// Returns a block with the transactions alone that concern the wallet, which has just connected the whole block. The
/// header stays, so that the wallet takes it for the same block. A coinbase of somebody else pays nobody.
pub fn kept(block: &Block, wallet: &Wallet) -> Block {
    let height = block.header.height;
    let entries = wallet.history().iter().rev().take_while(|entry| entry.height == height);
    let concerning: BTreeSet<Txid> = entries.map(|entry| entry.txid).collect();
    let mut kept = block.clone();
    kept.transactions.retain(|transaction| concerning.contains(&transaction.txid()));
    if !concerning.contains(&block.coinbase.txid()) {
        kept.coinbase.outputs.clear();
        kept.coinbase.extra.clear();
    }
    kept
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams, FeeRate, SecretKey};

    use super::*;

    #[test]
    fn a_wallet_takes_a_kept_block_for_the_whole() -> Result<(), Box<dyn std::error::Error>> {
        let params = ChainParams::regtest();
        let mut chain = Chain::in_memory(params.clone());
        let wallet = |index| Wallet::new(params.clone(), SecretKey::classroom(index));
        let (mut payer, mut payee, mut other, mut again) = (wallet(0), wallet(5), wallet(1), wallet(5));
        let payments = vec![
            payer.pay(payee.address(), "2".parse()?, FeeRate::ZERO)?,
            other.pay(payer.address(), "1".parse()?, FeeRate::ZERO)?,
        ];
        let now_ms = 1_767_226_000_000;
        let block = chain.template(payments.clone(), other.address().owner(), b"text", now_ms)?.mine_trivial();
        chain.apply(block.clone(), now_ms)?;

        payee.connect(&block)?;
        let reduced = kept(&block, &payee);
        assert_eq!((reduced.transactions.as_slice(), reduced.hash()), (&payments[..1], block.hash()));
        assert!(reduced.coinbase.outputs.is_empty());
        again.connect(&reduced)?;
        assert_eq!((again.balance(), again.history()), (payee.balance(), payee.history()));
        again.disconnect(&reduced)?;
        assert!(again.history().is_empty());

        other.connect(&block)?;
        assert_eq!(kept(&block, &other).coinbase, block.coinbase, "its own reward");
        Ok(())
    }
}

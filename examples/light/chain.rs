//! Chains that are made quickly: every second hash is a block.

use toycoin_core::{
    Amount, Block, Chain, ChainParams, FeeRate, MemoryStore, PublicKey, SecretKey, Txid, wallet::Wallet,
};

/// Who is paid in the middle of the chain, and nowhere else.
pub(crate) const PAYEE: u32 = 1_000;

/// Who mines.
const MINER: u32 = 1_001;

/// Time between two blocks, in milliseconds.
const SPACING_MS: u64 = 1_000;

/// A chain twice, since each node wants its own.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) chains: [Chain<MemoryStore>; 2],
    /// The payment in the middle.
    pub(crate) payment: Txid,
}

impl Made {
    /// Makes a chain of so many blocks with one payment.
    pub(crate) fn of(blocks: u64) -> Result<Self, String> {
        let params = ChainParams::regtest();
        let mut chains = [0, 1].map(|_| Chain::in_memory(params.clone()));
        let [first, second] = &mut chains;
        let mut payer = Wallet::new(params.clone(), SecretKey::classroom(0));
        let amount = Amount::from_toycoins(7).map_err(|error| error.to_string())?;
        let payment = payer.pay(params.address(payee()), amount, FeeRate::ZERO).map_err(|error| error.to_string())?;
        for height in 1..=blocks {
            let payments = if height == blocks / 2 { vec![payment.clone()] } else { Vec::new() };
            let block = next_block(first, payments)?;
            second.apply(block.clone(), block.header.time).map_err(|error| error.to_string())?;
        }
        Ok(Self { chains, payment: payment.txid() })
    }
}

/// Returns whom the payment pays.
pub(crate) fn payee() -> PublicKey {
    SecretKey::classroom(PAYEE).public_key()
}

/// Adds a block to a chain.
pub(crate) fn next_block(
    chain: &mut Chain<MemoryStore>,
    payments: Vec<toycoin_core::Transaction>,
) -> Result<Block, String> {
    let miner = SecretKey::classroom(MINER).public_key();
    let time = chain.tip().time + SPACING_MS;
    let block = chain.template(payments, miner, b"", time).map_err(|error| error.to_string())?.mine_trivial();
    chain.apply(block.clone(), time).map_err(|error| error.to_string())?;
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_chains_hold_the_payment_in_the_middle() {
        let Made { chains, payment } = Made::of(10).expect("a chain");
        for chain in &chains {
            assert_eq!(chain.height(), 10);
            let block = chain.block_at(5).expect("a store").expect("a block");
            assert_eq!(block.block().transactions[0].txid(), payment);
        }
    }
}

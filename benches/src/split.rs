//! Many coins from one.

use toycoin_core::{OutPoint, Transaction, TxOut, test_util::Payments};

/// Most coins that one transaction makes here. With 40 bytes each they stay below the bound of rule R33.
const PER_TRANSACTION: usize = 2_000;

/// Coins made from one coin, by as many transactions as the bound on their size asks for.
#[derive(Debug)]
pub struct Split {
    /// The transactions, each of which spends what the one before left over. One block can hold about 20.
    pub transactions: Vec<Transaction>,
    /// The new coins.
    pub coins: Vec<(OutPoint, TxOut)>,
    /// What is left of the coin.
    pub rest: (OutPoint, TxOut),
}

impl Split {
    /// Splits a coin of `payments` into these coins; the rest stays with its owner.
    ///
    /// # Panics
    /// If `payments` has no such coin, or it is worth less than the new ones and one grain for each transaction.
    pub fn new(payments: &mut Payments, coin: OutPoint, outputs: &[TxOut]) -> Self {
        let output = *payments.coins().get(&coin).expect("a coin that is there");
        let (mut transactions, mut coins, mut rest) = (Vec::new(), Vec::new(), (coin, output));
        for outputs in outputs.chunks(PER_TRANSACTION) {
            let spent = outputs.iter().map(|output| output.value).sum();
            let left = rest.1.value.checked_sub(spent).expect("a coin that is worth enough");
            let mut made = vec![TxOut { value: left, ..rest.1 }];
            made.extend_from_slice(outputs);
            let transaction = payments.spend(vec![rest.0], made);
            let mut made = transaction.outpoints(transaction.txid()).map(|(outpoint, output)| (outpoint, *output));
            rest = made.next().expect("the rest");
            coins.extend(made);
            transactions.push(transaction);
        }
        Self { transactions, coins, rest }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{
        Amount, Chain, ChainParams,
        test_util::{Payments, classroom},
    };

    use super::*;

    #[test]
    fn a_split_fits_a_block_and_loses_nothing() {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let (coin, before) = chain.coins_of(&classroom::owner(0)).unwrap()[0];
        let mut payments = Payments::new(chain.params().genesis_hash(), [(coin, before)]);
        let output = TxOut { value: Amount::from_grains(7), owner: classroom::owner(1) };
        let split = Split::new(&mut payments, coin, &[output; 2 * PER_TRANSACTION + 1]);
        assert_eq!((split.transactions.len(), split.coins.len()), (3, 2 * PER_TRANSACTION + 1));
        let spent = Amount::from_grains(7 * split.coins.len() as u64);
        assert_eq!(split.rest.1.value.checked_add(spent), Some(before.output.value));
        let time = chain.tip().time + 1_000;
        let block = chain.template(split.transactions, classroom::owner(7), b"", time).unwrap();
        chain.apply(block.mine_trivial(), time).unwrap();
        assert!(split.coins.iter().all(|(outpoint, _)| chain.coin(outpoint).unwrap().is_some()));
    }
}

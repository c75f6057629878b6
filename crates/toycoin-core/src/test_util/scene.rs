//! A valid block in its context, for mutations to change.

use crate::{
    amount::Amount,
    block::Block,
    consensus::{ConnectedBlock, RuleError},
    params::ChainParams,
    test_util::{TestLedger, classroom},
    transaction::{Transaction, TxOut},
};

/// A ledger, the next block, and the time at which the block is judged.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The chain up to and including the block's parent.
    pub ledger: TestLedger,
    /// The block, which is not yet part of the ledger.
    pub block: Block,
    /// The time of judging, in Unix milliseconds.
    pub now_ms: u64,
}

impl Scene {
    /// Builds three blocks that pay key 0, and a block on top of them with two payments: from key 0 to 1, and from key
    /// 1 to 2.
    ///
    /// # Panics
    /// When the network's genesis has no coins for keys 0 and 1, or its coinbase maturity is 1 block: a mutation needs
    /// an immature coin.
    pub fn new(params: ChainParams) -> Self {
        assert!(params.spec().coinbase_maturity > 1, "the parent's reward must be too young to spend");
        let mut ledger = TestLedger::new(params);
        for _ in 0..3 {
            ledger.extend(Vec::new(), classroom::owner(0));
        }
        let genesis = ledger.params().genesis().coinbase.txid();
        let mut payments = ledger.payments();
        // each spends one coin of its own, so neither payment depends on the other
        let transactions = [(0, 1, 3_000), (1, 2, 700)].map(|(from, to, grains)| {
            let (outpoint, coin) =
                payments.coins_of(from).find(|(at, _)| at.txid == genesis).expect("a coin of genesis");
            let change = coin.value.saturating_sub(Amount::from_grains(grains + 100));
            let outputs = [(Amount::from_grains(grains), to), (change, from)];
            let outputs = outputs.map(|(value, index)| TxOut { value, owner: classroom::owner(index) });
            payments.spend(vec![outpoint], outputs.to_vec())
        });
        let block = ledger.next_block(transactions.to_vec(), classroom::owner(3));
        let now_ms = block.header.time;
        Self { ledger, block, now_ms }
    }

    /// Judges the block after the ledger, at `now_ms`.
    ///
    /// # Errors
    /// The first rule that the block breaks.
    pub fn judge(&self) -> Result<ConnectedBlock, RuleError> {
        self.ledger.judge(self.block.clone(), self.now_ms)
    }

    /// Changes the block's first payment, then signs and seals the block again.
    pub fn edit_payment(&mut self, edit: impl FnOnce(&mut Transaction)) {
        self.edit_transactions(|transactions| {
            if let Some(payment) = transactions.first_mut() {
                edit(payment);
            }
        });
    }

    /// Changes the block's transactions, then signs and seals the block again.
    pub fn edit_transactions(&mut self, edit: impl FnOnce(&mut Vec<Transaction>)) {
        edit(&mut self.block.transactions);
        self.ledger.sign(&mut self.block);
        self.ledger.reward(&mut self.block);
        self.recommit();
    }

    /// Sets the roots and searches a nonce again. Coinbase and signatures do not change.
    pub fn recommit(&mut self) {
        self.ledger.commit(&mut self.block);
        self.resolve();
    }

    /// Searches a nonce again, and changes nothing else.
    pub fn resolve(&mut self) {
        self.block = self.block.clone().mine_trivial();
    }
}

//! A valid block in its place: where a mutation begins.

use crate::{
    amount::Amount,
    block::Block,
    consensus::{ConnectedBlock, RuleError},
    params::ChainParams,
    test_util::{TestLedger, classroom},
    transaction::{Transaction, TxOut},
};

/// A ledger, the next block, and the moment at which it is judged.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The chain up to the block's parent.
    pub ledger: TestLedger,
    /// The block.
    pub block: Block,
    /// Unix time in milliseconds.
    pub now_ms: u64,
}

impl Scene {
    /// Builds three blocks that pay key 0, and one on top of them with two payments: 0 to 1, and 1 to 2.
    ///
    /// # Panics
    /// On a network without coins for keys 0 and 1 in its genesis, or with a maturity of one block: a mutation wants a
    /// coin that is too young.
    pub fn new(params: ChainParams) -> Self {
        assert!(params.spec().coinbase_maturity > 1, "the parent's reward must be too young to spend");
        let mut ledger = TestLedger::new(params);
        for _ in 0..3 {
            ledger.extend(Vec::new(), classroom::owner(0));
        }
        let genesis = ledger.params().genesis().coinbase.txid();
        let mut payments = ledger.payments();
        // each of one coin of its own: neither payment needs the other
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

    /// Judges the block in its place, at its moment.
    ///
    /// # Errors
    /// The first rule that it breaks.
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

    /// Sets the roots and searches a nonce again; coinbase and signatures stay.
    pub fn recommit(&mut self) {
        self.ledger.commit(&mut self.block);
        self.resolve();
    }

    /// Searches a nonce again; all else stays.
    pub fn resolve(&mut self) {
        self.block = self.block.clone().mine_trivial();
    }
}

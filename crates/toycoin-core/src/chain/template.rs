//! Block templates: blocks that are valid except for their nonce.

use crate::{
    amount::Amount,
    block::Block,
    chain::{Chain, ChainError},
    consensus::{
        CheckedBlock, RuleError, Transition, apply_prepared, check_block_size, check_extra, check_time_range,
        coinbase_coins, gather, prepared, transition,
    },
    header::Header,
    identified_transaction::IdentifiedTransaction,
    keys::PublicKey,
    merkle::merkle_root,
    store::ChainStore,
    transaction::{Coinbase, Transaction, TxOut},
    utxo::Coin,
};

impl<S: ChainStore> Chain<S> {
    /// Returns a block template: a block on the tip with these transactions in their order. Its coinbase pays subsidy
    /// and fees to `payout`. Only a nonce is missing.
    ///
    /// `extra` is the data of the coinbase, such as a miner's text. Two miners with the same payout and different data
    /// search different nonces. The block's time is `now_ms`, or 1 ms after the tip's time if that is later. A tip far
    /// ahead of the clock can put it beyond `max_future_ms`: then other nodes accept the block only when their clocks
    /// allow it (rule R14). Signatures are not verified: the caller has done that.
    ///
    /// # Errors
    /// When a transaction breaks another rule in its context, `extra` is longer than
    /// [`MAX_EXTRA`](crate::Coinbase::MAX_EXTRA) (rule R17), the time is 2^48 ms or more (rule R13), the block would be
    /// larger than the network allows (rule R05), or the store fails. A `now_ms` before the tip's time is not an error.
    pub fn template(
        &self,
        transactions: Vec<Transaction>,
        payout: PublicKey,
        extra: &[u8],
        now_ms: u64,
    ) -> Result<Block, ChainError<S::Error>> {
        self.template_of(transactions.into_iter().map(Into::into).collect(), payout, extra, now_ms)
    }

    /// Returns a block template as [`template`](Self::template) does, from transactions that carry their ids.
    ///
    /// # Errors
    /// As [`template`](Self::template).
    pub fn template_of(
        &self,
        transactions: Vec<IdentifiedTransaction>,
        payout: PublicKey,
        extra: &[u8],
        now_ms: u64,
    ) -> Result<Block, ChainError<S::Error>> {
        let parent = self.tip_node();
        let context = self.tree.context(parent);
        let height = context.height + 1;
        let time = now_ms.max(context.time.saturating_add(1));
        check_time_range(self.params(), time)?;
        check_extra(self.params(), extra)?;
        let header = Header {
            previous: context.parent,
            merkle_root: Default::default(),
            version: Header::VERSION,
            bits: context.expected_bits(self.params()),
            height,
            time,
            state_root: Default::default(),
            nonce: 0,
        };
        let coinbase = Coinbase { height, extra: extra.to_vec(), outputs: Vec::new() };

        let mut draft = CheckedBlock::draft(header, coinbase.clone(), transactions);
        let coins = gather(&draft, &self.store).map_err(ChainError::Store)?;
        // nobody has to verify signatures here, but a transaction without them would break R31
        let sign = |txid, transaction: &Transaction, found: &[Option<Coin>]| {
            let input = transaction.signatures.len();
            let is_signed = input >= found.iter().flatten().count();
            self.params().require(is_signed, || RuleError::Signature { txid, input })
        };
        let Transition { mut diff, fees } = transition(self.params(), &draft, &coins, sign)?;
        // the fees are known only after the transactions, and the coinbase changes the state
        let reward = self.params().subsidy(height).saturating_add(fees);
        if reward > Amount::ZERO {
            draft = draft.with_coinbase(Coinbase { outputs: vec![TxOut { value: reward, owner: payout }], ..coinbase });
            match self.params().enforces_all() {
                true => coinbase_coins(&draft).for_each(|(outpoint, coin)| diff.create_new(outpoint, coin)),
                // a sandbox may make a coinbase again that the block spends, so the order counts
                false => diff = transition(self.params(), &draft, &coins, |_, _, _| Ok(()))?.diff,
            }
        }
        let (before, _) = self.state.with_ancestor(context.parent, self.tree.node(parent).work);
        let mut prepared = prepared(self.params(), &draft, &coins, &self.deltas);
        // nobody computes the state again, so only a change whose coins were compared is good enough
        prepared.iter_mut().for_each(|prepared| drop(prepared.take_if(|prepared| !prepared.is_whole())));
        let state = apply_prepared(&draft, &coins, &diff, &prepared, &before).unwrap_or_else(|| {
            let mut state = before;
            state.apply(&diff);
            state
        });
        let state_root = state.root();
        let merkle_root = merkle_root(draft.ids().iter().copied());
        let mut block = draft.into_block();
        check_block_size(self.params(), &block)?;
        block.header.state_root = state_root;
        block.header.merkle_root = merkle_root;
        Ok(block)
    }
}

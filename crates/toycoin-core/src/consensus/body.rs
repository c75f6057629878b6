//! Checks of a block's body alone: the Merkle root, the form of the coinbase, double spends within the block. Rules R15
//! to R21.

use crate::{
    amount::Amount,
    block::Block,
    consensus::{RuleError, check_form, check_proof_of_work},
    digest::{BlockHash, MerkleRoot, Txid, Wtxid},
    header::Header,
    identified_block::IdentifiedBlock,
    identified_transaction::IdentifiedTransaction,
    identity::Identity,
    keyed_map::{KeyedMap, KeyedSet},
    merkle::root_over,
    params::ChainParams,
    state::Deltas,
    transaction::{Coinbase, Transaction},
};

/// A block whose form, Merkle root and proof of work are valid. Rules R01 to R07, R11, R15 to R21 and R33.
///
/// It carries its hash and the ids of its transactions, each computed once. Only [`Block::check`],
/// [`IdentifiedBlock::check`] and the chain make one, and nothing changes it:
///
/// ```compile_fail,E0451
/// use toycoin_core::{ChainParams, CheckedBlock, IdentifiedBlock};
///
/// let block = IdentifiedBlock::from(ChainParams::regtest().genesis().clone());
/// let unchecked = CheckedBlock { block, ids: Vec::new() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedBlock {
    block: IdentifiedBlock,
    ids: Vec<(Txid, Wtxid)>,
}

impl CheckedBlock {
    /// Returns the block.
    pub const fn block(&self) -> &Block {
        self.block.block()
    }

    /// Returns the header's hash.
    pub const fn hash(&self) -> BlockHash {
        self.block.hash()
    }

    /// Returns the height in the header.
    pub const fn height(&self) -> u64 {
        self.block().header.height
    }

    /// Returns the coinbase's id.
    pub fn coinbase_txid(&self) -> Txid {
        self.ids.first().map_or(Txid::ZERO, |(txid, _)| *txid)
    }

    /// Returns the ids of each transaction in the block's order, the coinbase's first.
    pub fn ids(&self) -> &[(Txid, Wtxid)] {
        &self.ids
    }

    /// Returns each transaction except the coinbase, with its id.
    pub fn transactions(&self) -> impl DoubleEndedIterator<Item = (Txid, &Transaction)> {
        let ids = self.ids.get(1..).unwrap_or_default();
        ids.iter().map(|(txid, _)| *txid).zip(&self.block.transactions)
    }

    /// Returns copies of all transactions except the coinbase, with their ids.
    pub fn identified(&self) -> impl DoubleEndedIterator<Item = IdentifiedTransaction> {
        let ids = self.ids.get(1..).unwrap_or_default();
        let identified = |((txid, wtxid), transaction): (&_, &Transaction)| {
            IdentifiedTransaction::new(transaction.clone(), Identity::of_ids(*txid, *wtxid))
        };
        ids.iter().zip(&self.block.transactions).map(identified)
    }

    /// Wraps a block of transactions that carry their ids, without judging it.
    pub(crate) fn draft(header: Header, coinbase: Coinbase, transactions: Vec<IdentifiedTransaction>) -> Self {
        let coinbase_txid = coinbase.txid();
        let mut ids = vec![(coinbase_txid, Wtxid::from_bytes(coinbase_txid.to_bytes()))];
        ids.extend(transactions.iter().map(|transaction| transaction.identity().ids()));
        let transactions = transactions.into_iter().map(IdentifiedTransaction::into_transaction).collect();
        Self { block: Block { header, coinbase, transactions }.into(), ids }
    }

    /// Replaces the coinbase of a draft.
    pub(crate) fn with_coinbase(mut self, coinbase: Coinbase) -> Self {
        let txid = coinbase.txid();
        if let Some(first) = self.ids.first_mut() {
            *first = (txid, Wtxid::from_bytes(txid.to_bytes()));
        }
        let hash = self.hash();
        self.block = IdentifiedBlock::new(Block { coinbase, ..self.block.into_block() }, hash);
        self
    }

    /// Wraps a block without judging it. Genesis is valid by definition.
    pub(crate) fn unjudged(block: IdentifiedBlock) -> Self {
        Self { ids: block.transaction_ids(), block }
    }

    /// Returns the block itself.
    pub fn into_block(self) -> Block {
        self.block.into_block()
    }

    /// Returns the block with its hash.
    pub fn into_identified_block(self) -> IdentifiedBlock {
        self.block
    }
}

impl Block {
    /// Checks everything that needs no other block: rules R01 to R07, R11, R15 to R21 and R33. Genesis needs no proof
    /// of work (R11), because it is valid by definition.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(self, params: &ChainParams) -> Result<CheckedBlock, RuleError> {
        IdentifiedBlock::from(self).check(params)
    }
}

impl IdentifiedBlock {
    /// Checks everything that needs no other block, as [`Block::check`] does.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(self, params: &ChainParams) -> Result<CheckedBlock, RuleError> {
        self.check_prepared(params, &Deltas::default())
    }

    /// Checks as [`check`](Self::check) does. Transactions that `deltas` remembers are compared with it byte by byte,
    /// instead of hashed. That saves time and decides nothing.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check_prepared(self, params: &ChainParams, deltas: &Deltas) -> Result<CheckedBlock, RuleError> {
        check_form(params, &self)?;
        if self.hash() != params.genesis_hash() {
            check_proof_of_work(params, &self.header, self.hash())?;
        }
        check_body(params, self, deltas)
    }
}

/// Checks a body whose form and header were checked before: rules R15 to R21.
///
/// A wrong Merkle root ([`RuleError::MerkleRoot`]) says nothing about the hash: another body may match. With the right
/// root, the body is the one that the header commits to, so any later error makes the block invalid for good.
///
/// # Errors
/// The first rule that it breaks.
pub(crate) fn check_body(
    params: &ChainParams,
    mut block: IdentifiedBlock,
    deltas: &Deltas,
) -> Result<CheckedBlock, RuleError> {
    let ids = match block.take_ids() {
        Some(ids) => ids,
        None => {
            let identities = Identity::of_all(&block, deltas);
            check_merkle_root(params, block.header.merkle_root, &identities)?;
            identities.iter().map(Identity::ids).collect()
        }
    };
    check_coinbase_form(params, &block.coinbase, block.header.height)?;
    check_no_coin_twice(params, &block.transactions, &ids)?;
    Ok(CheckedBlock { block, ids })
}

fn check_merkle_root(params: &ChainParams, expected: MerkleRoot, identities: &[Identity]) -> Result<(), RuleError> {
    let found = root_over(identities.iter().map(|identity| identity.leaf));
    params.require(found == expected, || RuleError::MerkleRoot { found, expected })
}

fn check_coinbase_form(params: &ChainParams, coinbase: &Coinbase, height: u64) -> Result<(), RuleError> {
    let found = coinbase.height;
    params.require(found == height, || RuleError::CoinbaseHeight { found, expected: height })?;
    check_extra(params, &coinbase.extra)?;
    for (vout, output) in coinbase.outputs.iter().enumerate() {
        let value = output.value;
        params.require(value.is_coin_value(), || RuleError::CoinbaseOutputValue { vout, value })?;
    }
    let sum = Amount::sum_in_range(coinbase.outputs.iter().map(|output| output.value));
    params.require(sum.is_some(), || RuleError::CoinbaseOutputSum)
}

/// Checks that the data of a coinbase is not too long: rule R17.
pub(crate) fn check_extra(params: &ChainParams, extra: &[u8]) -> Result<(), RuleError> {
    let found = extra.len();
    params.require(found <= Coinbase::MAX_EXTRA, || RuleError::CoinbaseExtra { found })
}

/// Checks that no coin is spent twice within a block, whether or not the coins exist: rules R20 and R21.
fn check_no_coin_twice(
    params: &ChainParams,
    transactions: &[Transaction],
    ids: &[(Txid, Wtxid)],
) -> Result<(), RuleError> {
    // maps each spent outpoint to the index of its spender; the map's order is never visible
    let mut spender = KeyedMap::with_capacity_and_hasher(transactions.len(), Default::default());
    for (place, (transaction, (txid, _))) in transactions.iter().zip(ids.iter().skip(1)).enumerate() {
        check_inputs_differ(params, *txid, transaction)?;
        for outpoint in &transaction.inputs {
            let first = *spender.entry(*outpoint).or_insert(place);
            params.require(first == place, || RuleError::DuplicateInputInBlock { txid: *txid, outpoint: *outpoint })?;
        }
    }
    Ok(())
}

/// Checks that a transaction spends no coin twice: rule R20.
pub(super) fn check_inputs_differ(
    params: &ChainParams,
    txid: Txid,
    transaction: &Transaction,
) -> Result<(), RuleError> {
    // most transactions spend a single coin
    if transaction.inputs.len() < 2 {
        return Ok(());
    }
    let mut seen = KeyedSet::with_capacity_and_hasher(transaction.inputs.len(), Default::default());
    for outpoint in &transaction.inputs {
        params.require(seen.insert(outpoint), || RuleError::DuplicateInput { txid, outpoint: *outpoint })?;
    }
    Ok(())
}

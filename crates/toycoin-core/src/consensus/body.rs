//! Bodies by themselves: the Merkle root, the coinbase's form, no coin twice. Rules R15 to R21.

use crate::{
    amount::Amount,
    block::Block,
    consensus::{RuleError, check_form, check_proof_of_work},
    digest::{BlockHash, MerkleRoot, Txid, Wtxid},
    header::Header,
    identified::IdentifiedTransaction,
    keyed_map::{KeyedMap, KeyedSet},
    merkle::merkle_root,
    params::ChainParams,
    transaction::{Coinbase, Transaction},
};

/// A block that is right by itself: its form, its Merkle root, its proof of work. Rules R01 to R07, R11, R15 to R21, R33.
///
/// Carries its hash and its transactions' ids, computed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedBlock {
    block: Block,
    hash: BlockHash,
    ids: Vec<(Txid, Wtxid)>,
}

impl CheckedBlock {
    /// Returns the block.
    pub const fn block(&self) -> &Block {
        &self.block
    }

    /// Returns the header's hash.
    pub const fn hash(&self) -> BlockHash {
        self.hash
    }

    /// Returns the height that the header says.
    pub const fn height(&self) -> u64 {
        self.block.header.height
    }

    /// Returns the coinbase's id.
    pub fn coinbase_txid(&self) -> Txid {
        self.ids.first().map_or(Txid::ZERO, |(txid, _)| *txid)
    }

    /// Returns each transaction's ids in the block's order, the coinbase's first.
    pub fn ids(&self) -> &[(Txid, Wtxid)] {
        &self.ids
    }

    /// Returns each transaction but the coinbase, with its id.
    pub fn transactions(&self) -> impl DoubleEndedIterator<Item = (Txid, &Transaction)> {
        let ids = self.ids.get(1..).unwrap_or_default();
        ids.iter().map(|(txid, _)| *txid).zip(&self.block.transactions)
    }

    /// Returns copies of all transactions but the coinbase, with their ids.
    pub fn identified(&self) -> impl DoubleEndedIterator<Item = IdentifiedTransaction> {
        let ids = self.ids.get(1..).unwrap_or_default();
        let identified = |((txid, wtxid), transaction): (&_, &Transaction)| {
            IdentifiedTransaction::new(transaction.clone(), *txid, *wtxid)
        };
        ids.iter().zip(&self.block.transactions).map(identified)
    }

    /// Wraps a block of transactions that carry their ids, which is not judged.
    pub(crate) fn draft(header: Header, coinbase: Coinbase, transactions: Vec<IdentifiedTransaction>) -> Self {
        let coinbase_txid = coinbase.txid();
        let mut ids = vec![(coinbase_txid, Wtxid::from_bytes(coinbase_txid.to_bytes()))];
        ids.extend(transactions.iter().map(|transaction| (transaction.txid(), transaction.wtxid())));
        let transactions = transactions.into_iter().map(IdentifiedTransaction::into_transaction).collect();
        Self { hash: header.hash(), block: Block { header, coinbase, transactions }, ids }
    }

    /// Gives a draft another coinbase.
    pub(crate) fn with_coinbase(mut self, coinbase: Coinbase) -> Self {
        let txid = coinbase.txid();
        if let Some(first) = self.ids.first_mut() {
            *first = (txid, Wtxid::from_bytes(txid.to_bytes()));
        }
        self.block.coinbase = coinbase;
        self
    }

    /// Wraps a block that is not judged: genesis, which is right by definition.
    pub(crate) fn unjudged(block: Block) -> Self {
        Self { hash: block.hash(), ids: block.transaction_ids(), block }
    }

    /// Gives the block back.
    pub fn into_block(self) -> Block {
        self.block
    }
}

impl Block {
    /// Checks all that can be checked without another block: rules R01 to R07, R11, R15 to R21 and R33. Genesis needs no
    /// proof of work (R11): it is right by definition.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(self, params: &ChainParams) -> Result<CheckedBlock, RuleError> {
        let hash = self.hash();
        check_form(params, &self)?;
        if hash != params.genesis_hash() {
            check_proof_of_work(params, &self.header, hash)?;
        }
        check_body(params, self, hash)
    }
}

/// Checks a body whose form and header were checked before: rules R15 to R21. `hash` is the header's.
///
/// A Merkle root that differs ([`RuleError::MerkleRoot`]) says nothing about the hash: another body may be right. From
/// there on the body is the one that the header commits to, and what is wrong with it is wrong with the hash.
///
/// # Errors
/// The first rule that it breaks.
pub(crate) fn check_body(params: &ChainParams, block: Block, hash: BlockHash) -> Result<CheckedBlock, RuleError> {
    let ids = block.transaction_ids();
    check_merkle_root(params, block.header.merkle_root, &ids)?;
    check_coinbase_form(params, &block.coinbase, block.header.height)?;
    check_no_coin_twice(params, &block.transactions, &ids)?;
    Ok(CheckedBlock { block, hash, ids })
}

fn check_merkle_root(params: &ChainParams, expected: MerkleRoot, ids: &[(Txid, Wtxid)]) -> Result<(), RuleError> {
    let found = merkle_root(ids.iter().copied());
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

/// Checks that a coinbase's extra is not too long: rule R17.
pub(crate) fn check_extra(params: &ChainParams, extra: &[u8]) -> Result<(), RuleError> {
    let found = extra.len();
    params.require(found <= ChainParams::MAX_EXTRA, || RuleError::CoinbaseExtra { found })
}

/// A check of its own, independent of whether the coins exist: rules R20 and R21.
fn check_no_coin_twice(
    params: &ChainParams,
    transactions: &[Transaction],
    ids: &[(Txid, Wtxid)],
) -> Result<(), RuleError> {
    // which transaction spends what; the map's order never shows
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
    // most spend one coin
    if transaction.inputs.len() < 2 {
        return Ok(());
    }
    let mut seen = KeyedSet::with_capacity_and_hasher(transaction.inputs.len(), Default::default());
    for outpoint in &transaction.inputs {
        params.require(seen.insert(outpoint), || RuleError::DuplicateInput { txid, outpoint: *outpoint })?;
    }
    Ok(())
}

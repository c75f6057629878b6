//! Form: checks of a block that need no hash. Rules R01 to R07 and R33.

use crate::{block::Block, consensus::RuleError, header::Header, params::ChainParams, transaction::Transaction};

/// Checks a transaction's version, counts and size: rules R01 to R04 and R33.
///
/// # Errors
/// The first rule that the transaction breaks.
pub fn check_transaction_form(params: &ChainParams, transaction: &Transaction) -> Result<(), RuleError> {
    let (inputs, outputs) = (transaction.inputs.len(), transaction.outputs.len());
    params.require(transaction.version == Transaction::VERSION, || RuleError::TransactionVersion {
        txid: transaction.txid(),
        found: transaction.version,
    })?;
    params.require(inputs > 0, || RuleError::InputCount { txid: transaction.txid() })?;
    params.require(outputs > 0, || RuleError::OutputCount { txid: transaction.txid() })?;
    params.require(transaction.signatures.len() == inputs, || RuleError::SignatureCount {
        txid: transaction.txid(),
        signatures: transaction.signatures.len(),
        inputs,
    })?;
    let size = transaction.size();
    params.require(size <= Transaction::MAX_SIZE, || RuleError::TransactionSize { txid: transaction.txid(), size })
}

/// Checks the form of a block's transactions, the block's size, and its header's version and target: rules R01 to R07
/// and R33.
///
/// A failure blames the sender of the body. It says nothing about the block's hash, because another body may match it.
///
/// # Errors
/// The first rule that the block breaks.
pub fn check_form(params: &ChainParams, block: &Block) -> Result<(), RuleError> {
    for transaction in &block.transactions {
        check_transaction_form(params, transaction)?;
    }
    check_block_size(params, block)?;
    check_header_form(params, &block.header)
}

/// Checks a block's size: rule R05.
pub(crate) fn check_block_size(params: &ChainParams, block: &Block) -> Result<(), RuleError> {
    let (size, limit) = (block.size(), params.spec().block_size_limit);
    params.require(size <= limit, || RuleError::BlockSize { size, limit })
}

/// Checks a header's version and that its bits are a target: rules R06 and R07.
pub(super) fn check_header_form(params: &ChainParams, header: &Header) -> Result<(), RuleError> {
    let Header { version, bits, .. } = *header;
    params.require(version == Header::VERSION, || RuleError::HeaderVersion { found: version })?;
    let in_range = bits.to_target().is_ok_and(|target| target <= params.limit());
    params.require(in_range, || RuleError::TargetRange { bits })
}

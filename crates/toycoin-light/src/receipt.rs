//! The verifier of receipts: a transaction is in the block of a header.

use thiserror::Error;
use toycoin_core::{
    BlockHash, Header, Txid,
    proof::{Receipt, ReceiptTransaction},
};

/// The reason why a receipt is refused. The variants stand in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The receipt is for another block.
    #[error("the receipt is for block {found}, not for {expected}")]
    OtherBlock {
        /// The block of the receipt.
        found: BlockHash,
        /// The block of the header.
        expected: BlockHash,
    },
    /// A coinbase is not the first transaction of its block.
    #[error("the receipt has a coinbase at index {0}; a coinbase has index 0")]
    CoinbaseIndex(u32),
    /// A payment is the first transaction of its block.
    #[error("the receipt has a payment at index 0, which is the coinbase's")]
    PaymentIndex,
    /// A coinbase is for another height.
    #[error("the coinbase is for height {found}, and the block has height {expected}")]
    CoinbaseHeight {
        /// The height in the coinbase.
        found: u64,
        /// The height of the header.
        expected: u64,
    },
    /// The hashes do not lead from the transaction to the header's Merkle root.
    #[error("the block does not hold the transaction")]
    NotIncluded,
}

/// Verifies that a receipt's transaction is in the block of a header, and returns its id.
///
/// The header has to be proved before: it is a [`ProvedTip`](crate::ProvedTip)'s tip, in its tail, or a result of
/// [`verify_ancestry`](crate::verify_ancestry). The receipt shows that miners have put the transaction into the block.
/// That they judged it by the rules is what the work behind the block stands for.
///
/// # Errors
/// The first check that fails; see [`ReceiptError`].
pub fn verify_receipt(receipt: &Receipt, header: &Header) -> Result<Txid, ReceiptError> {
    let (found, expected) = (receipt.block, header.hash());
    if found != expected {
        return Err(ReceiptError::OtherBlock { found, expected });
    }
    match (&receipt.transaction, receipt.inclusion.index) {
        (ReceiptTransaction::Coinbase(coinbase), 0) if coinbase.height != header.height => {
            return Err(ReceiptError::CoinbaseHeight { found: coinbase.height, expected: header.height });
        }
        (ReceiptTransaction::Coinbase(_), 0) => {}
        (ReceiptTransaction::Coinbase(_), index) => return Err(ReceiptError::CoinbaseIndex(index)),
        (ReceiptTransaction::Transaction(_), 0) => return Err(ReceiptError::PaymentIndex),
        (ReceiptTransaction::Transaction(_), _) => {}
    }
    // both ids are computed here: the signatures are part of the leaf
    let (txid, wtxid) = receipt.transaction.ids();
    if receipt.inclusion.verify(header.merkle_root, txid, wtxid) { Ok(txid) } else { Err(ReceiptError::NotIncluded) }
}

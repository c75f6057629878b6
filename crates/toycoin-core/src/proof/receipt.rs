//! Receipts: a transaction with the proof that a block holds it.

use crate::{
    digest::{BlockHash, Txid, Wtxid},
    merkle::InclusionProof,
    transaction::{Coinbase, Transaction},
};

/// A transaction of a block: a payment or its coinbase.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReceiptTransaction {
    /// A payment.
    Transaction(Transaction),
    /// The block's coinbase.
    Coinbase(Coinbase),
}

impl ReceiptTransaction {
    /// Returns the ids. A coinbase's wtxid is its txid.
    pub fn ids(&self) -> (Txid, Wtxid) {
        match self {
            Self::Transaction(transaction) => {
                let txid = transaction.txid();
                (txid, transaction.wtxid_with(txid))
            }
            Self::Coinbase(coinbase) => {
                let txid = coinbase.txid();
                (txid, Wtxid::from_bytes(txid.to_bytes()))
            }
        }
    }
}

/// A receipt: a transaction and the proof that a block holds it. It says nothing of the block, whose header has to be
/// tied to a proved tip.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
    /// The hash of the block.
    pub block: BlockHash,
    /// The place in the block.
    pub inclusion: InclusionProof,
    /// The transaction.
    pub transaction: ReceiptTransaction,
}

//! Receipts: a transaction with the proof that a block holds it.

use crate::{
    consensus::CheckedBlock,
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

impl Receipt {
    /// Returns the receipt of the transaction at `index` in a block, where 0 is the coinbase; `None` if the block has
    /// fewer. It hashes the block's whole Merkle tree.
    pub fn of(block: &CheckedBlock, index: u32) -> Option<Self> {
        let inclusion = InclusionProof::build(block.ids(), index)?;
        let transaction = match usize::try_from(index).ok()?.checked_sub(1) {
            None => ReceiptTransaction::Coinbase(block.block().coinbase.clone()),
            Some(at) => ReceiptTransaction::Transaction(block.block().transactions.get(at)?.clone()),
        };
        Some(Self { block: block.hash(), inclusion, transaction })
    }
}

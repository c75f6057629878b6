//! A wallet's payments and their status.

use crate::{
    amount::Amount,
    digest::{BlockHash, Txid},
    transaction::Transaction,
};

/// A payment that the wallet made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The payment's id.
    pub txid: Txid,
    /// The signed transaction, to be broadcast again until it is confirmed.
    pub transaction: Transaction,
    /// What it leaves to the miner.
    pub fee: Amount,
    /// The payment's status.
    pub status: PaymentStatus,
}

impl Payment {
    /// Returns whether the payment spends an output of another transaction.
    pub fn spends_from(&self, txid: &Txid) -> bool {
        self.transaction.inputs.iter().any(|outpoint| outpoint.txid == *txid)
    }
}

/// The status of a payment.
///
/// ```text
///   pay ──▶ Pending ◀── block left the chain ── Confirmed
///              │ └────── block holds it ───────────▲
///              ▼                                   │
///           Rejected ───── a block holds it anyway ┘
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// No block holds the payment yet. Its coins are reserved.
    Pending,
    /// A block of the active chain holds it.
    Confirmed {
        /// The block that holds the payment.
        block: BlockHash,
        /// The block's height.
        height: u64,
    },
    /// The payment was refused or replaced, or a block spends its coins in another way. Its coins can be spent again.
    Rejected {
        /// The reason, in words.
        reason: String,
    },
}

//! What a wallet paid, and what became of it.

use crate::{
    digest::{BlockHash, Txid},
    transaction::Transaction,
};

/// A payment that the wallet made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub txid: Txid,
    /// The signed transaction, to be handed out again until it is confirmed.
    pub transaction: Transaction,
    /// What became of it.
    pub status: PaymentStatus,
}

impl Payment {
    /// Returns whether it spends an output of another transaction.
    pub fn spends_from(&self, txid: &Txid) -> bool {
        self.transaction.inputs.iter().any(|outpoint| outpoint.txid == *txid)
    }
}

/// What became of a payment.
///
/// ```text
///   pay ──▶ Pending ◀── block left the chain ── Confirmed
///              │ └────── block holds it ───────────▲
///              ▼                                   │
///           Rejected ───── a block holds it anyway ┘
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// No block holds it yet; its coins are set aside.
    Pending,
    /// A block of the active chain holds it.
    Confirmed {
        /// The block.
        block: BlockHash,
        /// The block's height.
        height: u64,
    },
    /// It was refused, or a block spends its coins otherwise; they can be spent again.
    Rejected {
        /// In words.
        reason: String,
    },
}

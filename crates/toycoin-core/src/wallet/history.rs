//! A wallet's transaction history on the active chain.

use crate::{amount::Amount, digest::Txid};

/// A transaction on the active chain that spends or creates coins of the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The transaction's id.
    pub txid: Txid,
    /// The height of the transaction's block.
    pub height: u64,
    /// The amount that it pays to the wallet, change included.
    pub received: Amount,
    /// The amount that it spends from the wallet.
    pub spent: Amount,
    /// Whether it is a coinbase: a miner's reward, or the allocations of genesis.
    pub coinbase: bool,
}

//! What the active chain holds of a wallet's comings and goings.

use crate::{amount::Amount, digest::Txid};

/// A transaction of the active chain that touches the wallet's coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its id.
    pub txid: Txid,
    /// The height of its block.
    pub height: u64,
    /// What it gives to the wallet, change included.
    pub received: Amount,
    /// What it takes from the wallet.
    pub spent: Amount,
    /// Whether it is a miner's reward, or part of what genesis allots.
    pub coinbase: bool,
}

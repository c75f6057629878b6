//! The shapes of what an address has.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::shapes::TransactionStatus, index::Totals};

/// An address: what it received and spent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressInfo {
    /// The address.
    pub(crate) address: String,
    /// On the active chain.
    pub(crate) chain_stats: AddressStats,
    /// In the mempool.
    pub(crate) mempool_stats: AddressStats,
}

/// Numbers and sums of an address's transactions. The balance is `funded_txo_sum` less `spent_txo_sum`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct AddressStats {
    /// Number of outputs that pay the address.
    funded_txo_count: u64,
    /// Their sum in grains.
    funded_txo_sum: u64,
    /// Number of its coins that are spent.
    spent_txo_count: u64,
    /// Their sum in grains.
    spent_txo_sum: u64,
    /// Number of transactions that pay it or spend its coins.
    tx_count: usize,
}

impl AddressStats {
    pub(crate) const fn new(tx_count: usize, totals: Totals) -> Self {
        Self {
            funded_txo_count: totals.funded,
            funded_txo_sum: totals.funded_sum,
            spent_txo_count: totals.spent,
            spent_txo_sum: totals.spent_sum,
            tx_count,
        }
    }
}

/// A coin of an address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnspentOutput {
    /// The transaction that created it.
    pub(crate) txid: String,
    /// The index of the output.
    pub(crate) vout: u32,
    /// Where that transaction is.
    pub(crate) status: TransactionStatus,
    /// The value in grains.
    pub(crate) value: u64,
}

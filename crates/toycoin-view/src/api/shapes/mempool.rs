//! The shapes of what waits in a mempool.

use serde::Serialize;
use utoipa::ToSchema;

/// Sums over a mempool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MempoolInfo {
    /// Number of payments.
    pub(crate) count: usize,
    /// Their size by formula, in bytes.
    pub(crate) vsize: u64,
    /// Their fees, in grains.
    pub(crate) total_fee: u64,
    /// Pairs of a fee rate in grains per byte and a size: that many bytes of payments pay this rate or more, but less
    /// than that of the pair before.
    pub(crate) fee_histogram: Vec<(f64, u64)>,
}

/// A payment that entered the mempool lately.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecentPayment {
    /// Its id.
    pub(crate) txid: String,
    /// Its fee in grains.
    pub(crate) fee: u64,
    /// Its size by formula, in bytes.
    pub(crate) vsize: u64,
    /// The sum of its outputs, in grains.
    pub(crate) value: u64,
}

/// A payment that waits in a node's mempool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingPayment {
    /// Its id.
    pub(crate) txid: String,
    /// Its fee in grains.
    pub(crate) fee: u64,
    /// Its size by formula, in bytes.
    pub(crate) size: u64,
    /// When it entered the mempool, in microseconds on the node's clock, which begins with the node.
    pub(crate) since_us: u64,
    /// The payments in the same mempool whose outputs it spends.
    pub(crate) parents: Vec<String>,
    /// Payments in the mempools of other nodes that spend one of the same coins. Each node's 1,000 payments that are
    /// mined first are compared.
    pub(crate) conflicts: Vec<String>,
}

/// The fee rate, in grains per byte, with which a payment is likely to be mined within that many blocks. It never rises
/// from one target to the next.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeeEstimates {
    #[serde(rename = "1")]
    pub(crate) one: f64,
    #[serde(rename = "2")]
    pub(crate) two: f64,
    #[serde(rename = "3")]
    pub(crate) three: f64,
    #[serde(rename = "6")]
    pub(crate) six: f64,
    #[serde(rename = "12")]
    pub(crate) twelve: f64,
    #[serde(rename = "24")]
    pub(crate) twenty_four: f64,
    #[serde(rename = "144")]
    pub(crate) gross: f64,
}

//! The payments of a run.

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::{Transaction, Txid};
use toycoin_node::protocol::RequestId;

/// All payments of a run.
#[derive(Debug, Default)]
pub(crate) struct Payments {
    /// Mean time between two payments; zero means no payments.
    pub(crate) mean: Duration,
    /// Number of the first nodes whose wallets pay each other; `None` means all nodes.
    pub(crate) payers: Option<usize>,
    /// Time of the last payment.
    pub(crate) until: Duration,
    pub(crate) all: BTreeMap<Txid, Paid>,
    pub(super) asked: BTreeMap<RequestId, (usize, Txid, bool)>,
}

/// One payment.
#[derive(Debug, Clone)]
pub(crate) struct Paid {
    pub(crate) by: usize,
    /// The node to which it was submitted.
    pub(crate) node: usize,
    pub(super) number: u64,
    pub(crate) at: Duration,
    pub(crate) accepted: bool,
    pub(crate) confirmed_at: Option<Duration>,
    pub(crate) dropped: Option<String>,
    /// The transaction, if no wallet tracks it; then the simulation itself resubmits it.
    pub(super) apart: Option<Transaction>,
}

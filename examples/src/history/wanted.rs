//! Which rows of a history are wanted.

use std::fmt::{self, Debug, Formatter};

use toycoin_core::{Transaction, Txid};

/// Which rows of a history are wanted, and what the wallet alone does not know.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Most rows, the newest ones; `None` for all. Balances count all in any case.
    pub limit: Option<usize>,
    /// Transactions that no block holds yet, in an order where each spends from earlier ones alone. Those that do not
    /// concern the wallet, or that a block holds meanwhile, are left out.
    pub pending: &'a [Transaction],
    /// The user's label of a transaction, if it has one.
    pub label: &'a dyn Fn(&Txid) -> Option<String>,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self { limit: None, pending: &[], label: &|_| None }
    }
}

impl Debug for Wanted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted").field("limit", &self.limit).field("pending", &self.pending).finish_non_exhaustive()
    }
}

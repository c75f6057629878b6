//! Transactions with their ids.

use std::ops::Deref;

use crate::{
    digest::{Txid, Wtxid},
    identity::Identity,
    transaction::Transaction,
};

/// A transaction with its two ids, each computed once.
///
/// It dereferences to its transaction and cannot be changed. To change it, take the transaction out first.
///
/// ```
/// use toycoin_core::{IdentifiedTransaction, Transaction};
///
/// let transaction = Transaction { version: 1, inputs: vec![], outputs: vec![], signatures: vec![] };
/// let identified = IdentifiedTransaction::from(transaction.clone());
/// assert_eq!(identified.txid(), transaction.txid());
/// assert_eq!(identified.wtxid(), transaction.wtxid());
/// assert_eq!(identified.size(), transaction.size());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifiedTransaction {
    transaction: Transaction,
    identity: Identity,
}

impl IdentifiedTransaction {
    /// Joins a transaction with its identity, which must be right.
    pub(crate) const fn new(transaction: Transaction, identity: Identity) -> Self {
        Self { transaction, identity }
    }

    /// Returns all hashes that follow from the transaction's bytes.
    pub(crate) const fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns the transaction's id.
    pub const fn txid(&self) -> Txid {
        self.identity.txid
    }

    /// Returns the transaction's id with signatures.
    pub const fn wtxid(&self) -> Wtxid {
        self.identity.wtxid
    }

    /// Returns the transaction.
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Returns the transaction itself.
    pub fn into_transaction(self) -> Transaction {
        self.transaction
    }
}

/// Computes the ids.
impl From<Transaction> for IdentifiedTransaction {
    fn from(transaction: Transaction) -> Self {
        let identity = Identity::of(&transaction);
        Self { transaction, identity }
    }
}

impl PartialEq<Transaction> for IdentifiedTransaction {
    fn eq(&self, other: &Transaction) -> bool {
        self.transaction == *other
    }
}

impl Deref for IdentifiedTransaction {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

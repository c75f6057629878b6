//! What is remembered of one transaction that no block holds yet.

use std::sync::Arc;

use crate::{
    digest::{Txid, Wtxid},
    identity::Identity,
    state::{LtHash, add_delta},
    transaction::{OutPoint, Transaction},
    utxo::Coin,
};

/// Greatest size of a transaction that is remembered whole, in bytes by formula. A longer one saves less for the memory
/// that it takes.
const MAX_SIZE: u64 = 1_000;

/// The change by a transaction, and the transaction itself if it is short.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) delta: Arc<LtHash>,
    seen: Option<Arc<Seen>>,
}

/// A transaction with what was computed from its bytes.
#[derive(Debug)]
pub(crate) struct Seen {
    transaction: Transaction,
    identity: Identity,
    /// The coins that its inputs name, according to whoever prepared it.
    spent: Vec<Coin>,
    /// Whether the signatures were found valid for these coins.
    is_verified: bool,
}

impl Prepared {
    /// Computes the change by a transaction and remembers the transaction if it is short. `is_verified` is asked only
    /// then.
    ///
    /// The transaction is hashed here, so that no caller can give it the ids of another one.
    pub(crate) fn new(
        txid: Txid,
        transaction: &Transaction,
        spent: &[Coin],
        is_verified: impl FnOnce() -> bool,
    ) -> Self {
        let mut delta = LtHash::default();
        add_delta(&mut delta, txid, transaction, spent);
        let identity = (transaction.size() <= MAX_SIZE).then(|| Identity::of(transaction));
        let seen = identity.filter(|identity| identity.txid == txid).map(|identity| {
            let is_verified = is_verified();
            Arc::new(Seen { transaction: transaction.clone(), identity, spent: spent.to_vec(), is_verified })
        });
        Self { delta: Arc::new(delta), seen }
    }

    /// Returns the transaction, if it is remembered whole.
    pub(crate) const fn seen(&self) -> Option<&Arc<Seen>> {
        self.seen.as_ref()
    }

    /// Returns whether the signatures are known to be valid. That holds unless this [is for
    /// another](Self::is_for_another) transaction or other coins.
    ///
    /// The wtxid covers the signatures, and the txid in it all else. A signature's validity depends on these, on the
    /// coins and on the network alone. So the answer for the same coins is the same.
    pub(crate) fn is_verified(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.is_verified)
    }

    /// Returns whether the transaction is remembered whole, with the coins that it spends.
    pub(crate) const fn is_whole(&self) -> bool {
        self.seen.is_some()
    }

    /// Returns whether this was prepared for another transaction than the one with this wtxid, or for other coins than
    /// `found`. Without the transaction, that is not known.
    pub(crate) fn is_for_another(&self, wtxid: Wtxid, found: &[Option<Coin>]) -> bool {
        self.seen.as_ref().is_some_and(|seen| {
            seen.identity.wtxid != wtxid
                || seen.spent.len() != found.len()
                || seen.spent.iter().zip(found).any(|(spent, found)| found.as_ref() != Some(spent))
        })
    }
}

impl Seen {
    /// Returns the coin by which the transaction is found: the first that it spends.
    pub(crate) fn first_input(&self) -> Option<&OutPoint> {
        self.transaction.inputs.first()
    }

    /// Returns the identity of a transaction, if it is this one in every byte, signatures included.
    pub(crate) fn identify(&self, transaction: &Transaction) -> Option<Identity> {
        (self.transaction == *transaction).then_some(self.identity)
    }
}

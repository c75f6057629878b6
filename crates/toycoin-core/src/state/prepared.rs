//! What is remembered of one transaction that no block holds yet.

use std::sync::Arc;

use crate::{
    digest::{BlockHash, Txid, Wtxid},
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
    /// The coins that its inputs name, according to whoever prepared it.
    spent: Spent,
    seen: Option<Arc<Seen>>,
}

/// The coins that a transaction spends.
#[derive(Debug, Clone)]
enum Spent {
    /// The coins themselves, of a transaction that is remembered whole.
    Coins(Arc<[Coin]>),
    /// A hash of them: a long transaction has many.
    Hash([u8; 32]),
}

/// A transaction with what was computed from its bytes.
#[derive(Debug)]
pub(crate) struct Seen {
    transaction: Transaction,
    identity: Identity,
    /// The genesis of the network on which the signatures were found valid for these coins.
    verified_on: Option<BlockHash>,
}

impl Prepared {
    /// Computes the change by a transaction and remembers the transaction if it is short. `verified_on` is asked only
    /// then.
    ///
    /// The transaction is hashed here, so that no caller can give it the ids of another one.
    pub(crate) fn new(
        txid: Txid,
        transaction: &Transaction,
        spent: &[Coin],
        verified_on: impl FnOnce() -> Option<BlockHash>,
    ) -> Self {
        let mut delta = LtHash::default();
        add_delta(&mut delta, txid, transaction, spent);
        let identity = (transaction.size() <= MAX_SIZE).then(|| Identity::of(transaction));
        let seen = identity.filter(|identity| identity.txid == txid).map(|identity| {
            let verified_on = verified_on();
            Arc::new(Seen { transaction: transaction.clone(), identity, verified_on })
        });
        let spent = if seen.is_some() { Spent::Coins(spent.into()) } else { Spent::Hash(hash_of(spent.iter())) };
        Self { delta: Arc::new(delta), spent, seen }
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
    pub(crate) fn is_verified_on(&self, genesis: BlockHash) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.verified_on == Some(genesis))
    }

    /// Returns whether the transaction is remembered whole, with the coins that it spends.
    pub(crate) const fn is_whole(&self) -> bool {
        self.seen.is_some()
    }

    /// Returns whether this was prepared for another transaction than the one with this wtxid, or for other coins than
    /// `found`. Of a long transaction the signatures are not known, but nothing is remembered of them.
    pub(crate) fn is_for_another(&self, wtxid: Wtxid, found: &[Option<Coin>]) -> bool {
        let is_same = match &self.spent {
            Spent::Coins(coins) => found.iter().map(Option::as_ref).eq(coins.iter().map(Some)),
            Spent::Hash(hash) => found.iter().all(Option::is_some) && hash_of(found.iter().flatten()) == *hash,
        };
        !is_same || self.seen.as_ref().is_some_and(|seen| seen.identity.wtxid != wtxid)
    }
}

/// Returns a hash of coins in their order. Each has 48 bytes, so no two lists have one preimage.
fn hash_of<'a>(coins: impl Iterator<Item = &'a Coin>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for Coin { output, coinbase_height } in coins {
        hasher.update(&output.value.grains().to_le_bytes());
        hasher.update(output.owner.as_bytes());
        hasher.update(&coinbase_height.to_le_bytes());
    }
    hasher.finalize().into()
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

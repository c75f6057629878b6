//! What is remembered of one transaction that no block holds yet.

use crate::{
    digest::{BlockHash, Wtxid},
    identified_transaction::IdentifiedTransaction,
    identity::Identity,
    state::{LtHash, add_delta},
    transaction::{OutPoint, Transaction},
    utxo::Coin,
};

/// Greatest size of a transaction that is remembered whole, in bytes by formula. A longer one saves less for the memory
/// that it takes.
const MAX_SIZE: u64 = 1_000;

/// The change by a transaction, and the transaction itself if it is short.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) delta: LtHash,
    kept: Kept,
}

/// What is kept of a transaction, and of the coins that its inputs name according to whoever prepared it.
#[derive(Debug)]
enum Kept {
    Whole(Box<Whole>),
    /// A hash of the coins alone. A long transaction may spend many.
    Coins([u8; 32]),
}

/// A short transaction, with the coins that it spends.
#[derive(Debug)]
struct Whole {
    transaction: IdentifiedTransaction,
    spent: Vec<Coin>,
    /// The genesis of the network on which the signatures were found valid for these coins.
    verified_on: Option<BlockHash>,
}

impl Prepared {
    /// Computes the change by a transaction and remembers the transaction if it is short. `verified_on` is asked only
    /// then.
    pub(crate) fn new(
        transaction: &IdentifiedTransaction,
        spent: &[Coin],
        verified_on: impl FnOnce() -> Option<BlockHash>,
    ) -> Self {
        let mut delta = LtHash::default();
        add_delta(&mut delta, transaction.txid(), transaction, spent);
        let whole = || Whole { transaction: transaction.clone(), spent: spent.to_vec(), verified_on: verified_on() };
        let kept = match transaction.size() <= MAX_SIZE {
            true => Kept::Whole(Box::new(whole())),
            false => Kept::Coins(hash_of(spent.iter())),
        };
        Self { delta, kept }
    }

    fn whole(&self) -> Option<&Whole> {
        match &self.kept {
            Kept::Whole(whole) => Some(whole),
            Kept::Coins(_) => None,
        }
    }

    /// Returns whether the transaction is remembered whole, with the coins that it spends.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole().is_some()
    }

    /// Returns the coin by which a transaction is found that is remembered whole: the first that it spends.
    pub(crate) fn first_input(&self) -> Option<&OutPoint> {
        self.whole().and_then(|whole| whole.transaction.inputs.first())
    }

    /// Returns the identity of a transaction, if it is this one in every byte, signatures included.
    pub(crate) fn identify(&self, transaction: &Transaction) -> Option<Identity> {
        let same = self.whole().filter(|whole| whole.transaction == *transaction);
        same.map(|whole| whole.transaction.identity())
    }

    /// Returns whether the signatures are known to be valid. That holds unless this [is for
    /// another](Self::is_for_another) transaction or other coins.
    ///
    /// The wtxid covers the signatures, and the txid in it all else. A signature's validity depends on these, on the
    /// coins and on the network alone. So the answer for the same coins is the same.
    pub(crate) fn is_verified_on(&self, genesis: BlockHash) -> bool {
        self.whole().is_some_and(|whole| whole.verified_on == Some(genesis))
    }

    /// Returns whether this was prepared for another transaction than the one with this wtxid, or for other coins than
    /// `found`. Of a long transaction the signatures are not known, but nothing is remembered of them.
    pub(crate) fn is_for_another(&self, wtxid: Wtxid, found: &[Option<Coin>]) -> bool {
        match &self.kept {
            Kept::Whole(whole) => {
                whole.transaction.wtxid() != wtxid || !found.iter().map(Option::as_ref).eq(whole.spent.iter().map(Some))
            }
            Kept::Coins(hash) => found.iter().any(Option::is_none) || hash_of(found.iter().flatten()) != *hash,
        }
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

//! A block on its way back from its compact form.

use thiserror::Error;

use super::{CompactBlock, ShortId, ShortIds};
use crate::{
    block::Block,
    consensus::CheckedBlock,
    digest::{BlockHash, Wtxid},
    identified_block::IdentifiedBlock,
    identified_transaction::IdentifiedTransaction,
    identity::Identity,
    keyed_map::KeyedMap,
    merkle::root_over,
    transaction::Transaction,
};

/// A compact block whose payments are put back, each in its place. Place 0 is that of the first short id.
///
/// ```text
///   CompactBlock ─▶ begin ─┬─▶ know a payment ─▶ missing places ─▶ fill ─▶ finish ─▶ Block
///                          └─▶ two ids alike                        │        └─▶ the Merkle root differs
///                                                                   └─▶ the sender lied
/// ```
///
/// Nothing in here is to be believed before [`finish`](Self::finish) has compared the Merkle root.
#[derive(Debug, Clone)]
pub struct Rebuild {
    compact: CompactBlock,
    ids: ShortIds,
    /// The place of each short id. Whoever sends the block chooses them.
    places: KeyedMap<ShortId, usize>,
    payments: Vec<Option<IdentifiedTransaction>>,
    known: usize,
}

/// The reason why a block cannot be rebuilt. It is nobody's fault: 6 bytes collide by chance, so the whole block is asked
/// for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// Two payments of the block have one short id.
    #[error("two payments of the block have one short id")]
    Repeated,
    /// Two known payments have one short id, so that either may be meant.
    #[error("two known payments have one short id")]
    Ambiguous,
    /// The payments in their places do not give the Merkle root of the header. A payment with the right short id may be
    /// another one than is meant.
    #[error("the payments found by their short ids do not give the Merkle root")]
    MerkleRoot,
    /// Payments are still missing.
    #[error("{count} payments are missing")]
    Missing {
        /// Their number.
        count: usize,
    },
}

/// The reason why payments are not those that were asked for. No honest peer sends such an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FillError {
    /// The number of payments differs from that of the missing places.
    #[error("{found} payments came, {expected} were asked for")]
    Count {
        /// The number of payments.
        found: usize,
        /// The number of missing places.
        expected: usize,
    },
    /// The wtxid of a payment does not give the short id of its place.
    #[error("the payment for place {place} has another short id")]
    OtherId {
        /// The place.
        place: usize,
    },
}

impl Rebuild {
    /// Begins with all payments missing.
    ///
    /// It allocates some 200 bytes for each short id. So the caller bounds their number before, such as by
    /// [`CompactBlock::least_size`].
    ///
    /// # Errors
    /// [`RebuildError::Repeated`] when two short ids are equal.
    pub fn begin(compact: CompactBlock) -> Result<Self, RebuildError> {
        let mut places = KeyedMap::with_capacity_and_hasher(compact.ids.len(), Default::default());
        places.extend(compact.ids.iter().copied().zip(0..));
        if places.len() < compact.ids.len() {
            return Err(RebuildError::Repeated);
        }
        let (ids, payments) = (compact.short_ids(), vec![None; compact.ids.len()]);
        Ok(Self { compact, ids, places, payments, known: 0 })
    }

    /// Returns the hash of the block.
    pub fn hash(&self) -> BlockHash {
        self.compact.hash()
    }

    /// Returns the compact block.
    pub const fn compact(&self) -> &CompactBlock {
        &self.compact
    }

    /// Puts those of some payments in their places that the block holds. The same payment may come more than once.
    ///
    /// # Errors
    /// [`RebuildError::Ambiguous`] when two different payments have the short id of one place.
    pub fn know<'a>(
        &mut self,
        payments: impl IntoIterator<Item = &'a IdentifiedTransaction>,
    ) -> Result<(), RebuildError> {
        payments.into_iter().try_for_each(|payment| self.know_one(payment.wtxid(), payment, || payment.identity()))
    }

    /// Puts those payments of another block in their places that this block holds too.
    ///
    /// # Errors
    /// As [`know`](Self::know).
    pub fn know_payments_of(&mut self, block: &CheckedBlock) -> Result<(), RebuildError> {
        let mut payments = block.ids().iter().skip(1).zip(&block.block().transactions);
        payments
            .try_for_each(|((txid, wtxid), payment)| self.know_one(*wtxid, payment, || Identity::of_ids(*txid, *wtxid)))
    }

    fn know_one(
        &mut self,
        wtxid: Wtxid,
        payment: &Transaction,
        identity: impl FnOnce() -> Identity,
    ) -> Result<(), RebuildError> {
        let Some(place) = self.places.get(&self.ids.of(wtxid)).copied() else { return Ok(()) };
        match self.payments.get_mut(place) {
            Some(Some(other)) if other == payment => {}
            Some(Some(_)) => return Err(RebuildError::Ambiguous),
            Some(empty) => {
                *empty = Some(IdentifiedTransaction::new(payment.clone(), identity()));
                self.known += 1;
            }
            None => {}
        }
        Ok(())
    }

    /// Returns the number of missing payments.
    pub const fn count_missing(&self) -> usize {
        self.payments.len() - self.known
    }

    /// Returns the places of the missing payments, ascending.
    pub fn missing(&self) -> Vec<u32> {
        let missing = self.payments.iter().zip(0..).filter(|(payment, _)| payment.is_none());
        missing.map(|(_, place)| place).collect()
    }

    /// Puts the missing payments in their places, in the order of [`missing`](Self::missing). After an error nothing has
    /// changed.
    ///
    /// # Errors
    /// [`FillError`] when these are not the missing payments, which convicts their sender.
    pub fn fill(&mut self, payments: Vec<Transaction>) -> Result<(), FillError> {
        let (found, expected) = (payments.len(), self.count_missing());
        if found != expected {
            return Err(FillError::Count { found, expected });
        }
        let payments: Vec<_> = payments.into_iter().map(IdentifiedTransaction::from).collect();
        let missing: Vec<_> =
            (0..self.payments.len()).filter(|place| self.payments.get(*place) == Some(&None)).collect();
        for (place, payment) in missing.iter().copied().zip(&payments) {
            if self.compact.ids.get(place) != Some(&self.ids.of(payment.wtxid())) {
                return Err(FillError::OtherId { place });
            }
        }
        for (place, payment) in missing.into_iter().zip(payments) {
            if let Some(empty) = self.payments.get_mut(place) {
                *empty = Some(payment);
            }
        }
        self.known += found;
        Ok(())
    }

    /// Returns the block, whose Merkle root is right. Nothing else of it has been judged.
    ///
    /// It carries the ids of its payments, since they were known before. So neither they nor the Merkle root are
    /// computed again when the block is [checked](IdentifiedBlock::check).
    ///
    /// # Errors
    /// [`RebuildError::Missing`] or [`RebuildError::MerkleRoot`].
    pub fn finish(self) -> Result<IdentifiedBlock, RebuildError> {
        let count = self.count_missing();
        if count > 0 {
            return Err(RebuildError::Missing { count });
        }
        let CompactBlock { header, coinbase, .. } = self.compact;
        let mut identities = Vec::with_capacity(1 + self.payments.len());
        identities.push(Identity::of_coinbase(coinbase.txid()));
        identities.extend(self.payments.iter().flatten().map(IdentifiedTransaction::identity));
        if root_over(identities.iter().map(|identity| identity.leaf)) != header.merkle_root {
            return Err(RebuildError::MerkleRoot);
        }
        let ids = identities.iter().map(Identity::ids).collect();
        let transactions = self.payments.into_iter().flatten().map(IdentifiedTransaction::into_transaction).collect();
        Ok(IdentifiedBlock::with_ids(Block { header, coinbase, transactions }, ids))
    }
}

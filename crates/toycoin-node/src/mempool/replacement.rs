//! Replace-by-fee: a payment replaces one in the mempool that spends the same coin, if it pays enough more.

use std::collections::BTreeSet;

use toycoin_core::{Amount, Transaction, Txid};

use crate::{
    limits,
    mempool::{AdmitError, Mempool, package::Package},
};

/// The transactions that a new one would replace.
#[derive(Debug, Default)]
pub(super) struct Replaced {
    /// Transactions that spend the same coins.
    pub(super) direct: BTreeSet<Txid>,
    /// These transactions and all their descendants.
    pub(super) all: BTreeSet<Txid>,
}

impl Mempool {
    /// Returns the transactions that a new one would replace. It must pay the sum of all their fees, and one grain per
    /// byte of its own on top. It must not spend from them.
    ///
    /// The extra grain per byte prevents a payment from travelling through the network again and again for one grain
    /// more.
    pub(super) fn replaced_by<E>(
        &self,
        transaction: &Transaction,
        own: Package,
        ancestors: &BTreeSet<Txid>,
    ) -> Result<Replaced, AdmitError<E>> {
        let limit = limits::REPLACED;
        let direct: BTreeSet<_> =
            transaction.inputs.iter().filter_map(|outpoint| self.entries.spender(outpoint)).collect();
        let Some(with) = direct.first().copied() else { return Ok(Replaced::default()) };
        let mut all = BTreeSet::new();
        for conflict in &direct {
            all.extend(self.entries.descendants(conflict));
            if all.len() > limit {
                return Err(AdmitError::TooManyReplaced { limit });
            }
        }
        if let Some(parent) = ancestors.intersection(&all).next() {
            return Err(AdmitError::SpendsReplaced { parent: *parent });
        }
        let required = self.entries.package(&all).fees + u128::from(own.bytes);
        if own.fees < required {
            let required = Amount::from_grains(u64::try_from(required).unwrap_or(u64::MAX));
            return Err(AdmitError::Conflict { with, required });
        }
        Ok(Replaced { direct, all })
    }
}

//! Replace-by-fee: a payment that spends a coin of a waiting one takes its place if it pays enough more.

use std::collections::BTreeSet;

use toycoin_core::{Amount, Transaction, Txid};

use crate::{
    limits,
    mempool::{AdmitError, Mempool, package::Package},
};

/// What would make way for a transaction.
#[derive(Debug, Default)]
pub(super) struct Replaced {
    /// Those that spend the same coins.
    pub(super) direct: BTreeSet<Txid>,
    /// These and all that spends from them.
    pub(super) all: BTreeSet<Txid>,
}

impl Mempool {
    /// Returns what would make way for a transaction: it must pay what they all pay and a grain a byte of its own on
    /// top, and must not spend from them.
    ///
    /// The grain a byte is what keeps the network from carrying a payment again and again for one grain more.
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

//! Change of payments that no block holds yet.

use std::collections::BTreeSet;

use super::{PaymentStatus, Wallet};
use crate::{digest::Txid, transaction::OutPoint, utxo::Coin};

/// Most pending payments that another one may build upon. A node takes at most 25 in a row, itself included.
pub const MAX_PENDING_ANCESTORS: usize = 24;

impl Wallet {
    /// Lets the wallet spend the change of its own pending payments if its confirmed coins do not suffice. Such a payment
    /// can only be confirmed after the one before it. A wallet does not do so by default.
    #[must_use]
    pub const fn spending_pending_change(mut self, may: bool) -> Self {
        self.spends_pending_change = may;
        self
    }

    /// Returns the coins that pending payments pay to this wallet and that no other pending payment spends, in the order
    /// in which the payments were made. They can be spent unless nodes would refuse so many payments in a row. The
    /// change of a payment that spends a coin unknown to the wallet is none of them: perhaps no block can ever hold it.
    pub fn pending_change(&self) -> impl Iterator<Item = (OutPoint, Coin)> {
        let payments = self.pending().filter(|payment| self.may_build_upon(&payment.txid));
        let outputs = payments.flat_map(|payment| payment.transaction.outpoints(payment.txid));
        let own = outputs
            .filter(|(outpoint, output)| self.owners.contains(&output.owner) && !self.reserved.contains_key(outpoint));
        own.map(|(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: 0 }))
    }

    /// Returns a coin that a pending payment pays to this wallet, `None` if it is not one of those.
    pub(super) fn pending_coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        let payment = self.payments.get(&outpoint.txid)?;
        let output = payment.transaction.outputs.get(usize::try_from(outpoint.vout).ok()?)?;
        let is_own = payment.status == PaymentStatus::Pending && self.owners.contains(&output.owner);
        is_own.then_some(Coin { output: *output, coinbase_height: 0 })
    }

    /// Returns whether nodes take a payment that spends from this pending one.
    pub(super) fn may_build_upon(&self, txid: &Txid) -> bool {
        self.pending_ancestors(txid).is_some_and(|before| before < MAX_PENDING_ANCESTORS)
    }

    /// Returns how many pending payments a pending payment builds upon; `None` if they are too many to count, or one of
    /// them spends a coin that the wallet does not know.
    fn pending_ancestors(&self, txid: &Txid) -> Option<usize> {
        let is_pending =
            |txid: &Txid| self.payments.get(txid).filter(|payment| payment.status == PaymentStatus::Pending);
        let mut seen = BTreeSet::new();
        let mut waiting = vec![*txid];
        while let Some(txid) = waiting.pop() {
            let Some(payment) = is_pending(&txid) else { continue };
            for outpoint in &payment.transaction.inputs {
                if is_pending(&outpoint.txid).is_none() {
                    self.coins.get(outpoint)?;
                } else if seen.insert(outpoint.txid) {
                    waiting.push(outpoint.txid);
                }
            }
            if seen.len() > MAX_PENDING_ANCESTORS {
                return None;
            }
        }
        Some(seen.len())
    }
}

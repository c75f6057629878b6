//! Signatures of many transactions, verified as one batch before each transaction is submitted by itself.

use std::collections::{HashMap, HashSet};

use toycoin_core::{
    IdentifiedTransaction,
    consensus::{JudgedTransaction, SignatureCheck, SignatureVerifier, check_transaction_form},
    utxo::{Coin, UtxoView},
};

use crate::mempool::Mempool;

/// A verifier that knows signatures from a batch: some valid ones, and perhaps one invalid one. It asks another
/// verifier for all others.
///
/// Each known result was verified with exactly this key, message and signature. So it changes the cost of an answer,
/// never the answer.
pub struct VerifiedAhead<'a> {
    held: HashSet<SignatureCheck>,
    /// The first invalid signature.
    culprit: Option<SignatureCheck>,
    inner: &'a dyn SignatureVerifier,
}

impl VerifiedAhead<'_> {
    /// Returns whether the batch had an invalid signature. The ones after it were then verified in vain.
    pub const fn has_failed(&self) -> bool {
        self.culprit.is_some()
    }
}

impl SignatureVerifier for VerifiedAhead<'_> {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let place = checks.iter().position(|check| !self.held.contains(check))?;
        match checks.get(place) == self.culprit.as_ref() {
            true => Some(place),
            false => self.inner.first_invalid(checks),
        }
    }
}

impl Mempool {
    /// Verifies as one batch the signatures of transactions that are about to be submitted in this order. It skips
    /// transactions that would be refused for another reason, as far as that shows without changing the pool.
    ///
    /// A batch that fails gives the valid signatures before the first invalid one. The rest is verified on submission.
    ///
    /// # Errors
    /// The view's error.
    pub fn verify_ahead<'a, 't, V: UtxoView>(
        &self,
        transactions: impl IntoIterator<Item = &'t IdentifiedTransaction>,
        view: &V,
        next_height: u64,
        verifier: &'a dyn SignatureVerifier,
    ) -> Result<VerifiedAhead<'a>, V::Error> {
        let mut checks = Vec::new();
        let mut made = HashMap::new();
        for transaction in transactions {
            let txid = transaction.txid();
            if self.contains(&txid)
                || self.refused.contains(&transaction.wtxid())
                || transaction.size() > self.largest()
                || check_transaction_form(&self.params, transaction).is_err()
            {
                continue;
            }
            let mut coins = self.coins(transaction, view)?;
            for (coin, outpoint) in coins.iter_mut().zip(&transaction.inputs) {
                *coin = coin.or_else(|| made.get(outpoint).copied());
            }
            let outputs = transaction.outpoints(txid);
            made.extend(outputs.map(|(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: 0 })));
            let pays = transaction.outputs.iter().map(|output| output.value).sum();
            let spends: toycoin_core::Amount = coins.iter().flatten().map(|coin| coin.output.value).sum();
            if spends.saturating_sub(pays) >= self.config.min_fee_rate.fee(transaction.size()) {
                // a transaction that breaks another rule costs no verification
                checks.extend(
                    self.judge(txid, transaction, &coins, next_height)
                        .into_iter()
                        .flat_map(JudgedTransaction::into_checks),
                );
            }
        }
        let invalid = verifier.first_invalid(&checks);
        let culprit = invalid.and_then(|place| checks.get(place)).copied();
        let holds = invalid.unwrap_or(checks.len());
        Ok(VerifiedAhead { held: checks.into_iter().take(holds).collect(), culprit, inner: verifier })
    }
}

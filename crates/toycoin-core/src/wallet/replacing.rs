//! Replacements of pending payments: the same again with a higher fee, or the coins back.
//!
//! ```text
//!   pending:   coins ──▶ recipients | change                       fee
//!   replace:   coins (+ further ones) ──▶ recipients | less change  higher fee
//!   cancel:    coins ──▶ this wallet                                higher fee
//! ```
//!
//! Both spend the coins of the pending payment, so that no block can hold both. Nodes take a replacement by the rule of
//! docs/protocol.md, "Mempool policy" (replace-by-fee): its fee is at least the fees of all payments that it replaces,
//! and one grain per byte of its own on top.

use std::collections::BTreeSet;

use super::{Payment, PaymentStatus, ReplaceError, Wallet};
use crate::{
    amount::{Amount, FeeRate},
    builder::{BuildError, TransactionBuilder, Unsigned},
    digest::Txid,
    keys::PublicKey,
    selection::SelectionError,
    transaction::{BASE_SIZE, INPUT_SIZE, OUTPUT_SIZE, OutPoint, TxOut},
    utxo::Coin,
};

const ONE_GRAIN: Amount = Amount::from_grains(1);

impl Wallet {
    /// Builds a pending payment again, at this fee rate or more (a bump). Recipients and amounts stay. Nothing is signed
    /// or replaced yet: [`track`](Self::track) takes the signed replacement in place of the payment.
    ///
    /// It spends all coins of the payment, and its change pays the difference. If the change does not suffice, it spends
    /// further [spendable](Self::spendable) coins, the largest first. The fee is higher than by the rate if the rule of
    /// the mempool wants more: the fees of the payment and of all pending payments of this wallet that spend from it,
    /// since these are replaced, too, and one grain per byte. The wallet does not know of others who spend from it.
    ///
    /// Change is what goes to this wallet's owners. If everything does, it is the last output.
    ///
    /// ```
    /// use toycoin_core::{Amount, ChainParams, FeeRate, SecretKey, Wallet};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let params = ChainParams::lab();
    /// let key = SecretKey::classroom(0);
    /// let mut alice = Wallet::new(params.clone(), key.clone());
    /// let bob = params.address(SecretKey::classroom(1).public_key());
    /// let slow = alice.pay(bob, Amount::from_toycoins(3)?, FeeRate::grains_per_byte(1))?;
    ///
    /// let unsigned = alice.replace(&slow.txid(), FeeRate::grains_per_byte(5))?;
    /// assert_eq!(unsigned.fee(), Amount::from_grains(5 * 196));
    /// let quick = unsigned.sign(&key)?;
    /// alice.track(quick.clone());
    /// let pending: Vec<_> = alice.pending().map(|payment| payment.txid).collect();
    /// assert_eq!(pending, [quick.txid()]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the payment is not pending, the rate is not higher than the payment's, or funds are insufficient; see
    /// [`ReplaceError`].
    pub fn replace(&self, txid: &Txid, fee_rate: FeeRate) -> Result<Unsigned, ReplaceError> {
        let old = self.replaceable(txid)?;
        let size = old.transaction.size();
        if fee_rate.fee(size) <= old.fee {
            let least = FeeRate::grains_per_byte((old.fee.grains() / size).saturating_add(1));
            return Err(ReplaceError::RateTooLow { asked: fee_rate, least });
        }
        let (recipients, change) = self.split(&old.transaction.outputs);
        self.replacement(old, &old.transaction.inputs, &recipients, change, fee_rate)
    }

    /// Builds a payment that brings the coins of a pending one back to this wallet's
    /// [change owner](super::Owners::change). The fee is the least that replaces the payment, or that by this rate if it
    /// is higher. Nothing is signed or replaced yet: [`track`](Self::track) takes the signed replacement in place of the
    /// payment.
    ///
    /// Pending payments of this wallet that spend from the payment are cancelled, too. Further coins are spent only if
    /// those of the payment do not pay the fee. A coin of the payment that is gone is left out: it came from a payment
    /// that was never confirmed, or a block spends it. One coin that both spend is enough that no block can hold both.
    ///
    /// # Errors
    /// If the payment is not pending, or funds are insufficient; see [`ReplaceError`].
    pub fn cancel(&self, txid: &Txid, fee_rate: Option<FeeRate>) -> Result<Unsigned, ReplaceError> {
        let old = self.replaceable(txid)?;
        let coins = &old.transaction.inputs;
        let there: Vec<_> = coins.iter().filter(|outpoint| self.coin(outpoint).is_ok()).copied().collect();
        // without any, the error names one
        let coins = if there.is_empty() { coins } else { &there };
        self.replacement(old, coins, &[], self.owners.change(), fee_rate.unwrap_or_default())
    }

    /// Returns a payment if it is pending.
    fn replaceable(&self, txid: &Txid) -> Result<&Payment, ReplaceError> {
        let payment = self.payments.get(txid).ok_or(ReplaceError::Unknown(*txid))?;
        match &payment.status {
            PaymentStatus::Pending => Ok(payment),
            PaymentStatus::Confirmed { height, .. } => Err(ReplaceError::Confirmed { txid: *txid, height: *height }),
            PaymentStatus::Rejected { reason } => Err(ReplaceError::Rejected { txid: *txid, reason: reason.clone() }),
        }
    }

    /// Splits outputs into the recipients and the owner who gets the change.
    fn split(&self, outputs: &[TxOut]) -> (Vec<TxOut>, PublicKey) {
        let is_own = |output: &&TxOut| self.owners.contains(&output.owner);
        let recipients: Vec<_> = outputs.iter().filter(|output| !is_own(output)).copied().collect();
        if recipients.is_empty()
            && let Some((last, others)) = outputs.split_last()
        {
            return (others.to_vec(), last.owner);
        }
        let change = outputs.iter().rev().find(is_own).map_or(self.owners.change(), |output| output.owner);
        (recipients, change)
    }

    /// Builds a payment from these coins in place of a pending one. Without recipients, everything but the fee goes to
    /// `change`.
    fn replacement(
        &self,
        old: &Payment,
        spent: &[OutPoint],
        recipients: &[TxOut],
        change: PublicKey,
        rate: FeeRate,
    ) -> Result<Unsigned, ReplaceError> {
        let fee = NewFee { rate, replaced: self.fees_with_descendants(&old.txid) };
        let paid: Amount = recipients.iter().map(|output| output.value).sum();
        let mut coins = Vec::with_capacity(spent.len());
        for outpoint in spent {
            coins.push((*outpoint, self.coin(outpoint)?));
        }
        let outputs = recipients.len().max(1) as u64;
        let least = |coins: usize| paid.max(ONE_GRAIN).saturating_add(fee.of(size(coins, outputs)));
        let available = self.add_coins(&mut coins, fee, recipients.len() as u64, least)?;

        let change = self.params.address(change);
        let builder = TransactionBuilder::new(&self.params).change_to(change).spend_all();
        let builder = if recipients.is_empty() {
            let fee = fee.of(size(coins.len(), 1));
            builder.pay(change, available.saturating_sub(fee)).fee(fee)
        } else {
            let with_change = fee.of(size(coins.len(), outputs + 1));
            let rest = available.saturating_sub(paid).saturating_sub(with_change);
            // what costs more to spend than it is worth goes to the miner, as in coin selection
            let is_worth = rest >= rate.fee(INPUT_SIZE).max(ONE_GRAIN);
            let fee = if is_worth { with_change } else { available.saturating_sub(paid) };
            let pays = recipients.iter().map(|output| (self.params.address(output.owner), output.value));
            pays.fold(builder, |builder, (to, value)| builder.pay(to, value)).fee(fee)
        };
        Ok(builder.build_from(coins)?)
    }

    /// Adds further coins until all of them are worth what a payment with so many coins costs at least. Returns their
    /// sum.
    fn add_coins(
        &self,
        coins: &mut Vec<(OutPoint, Coin)>,
        fee: NewFee,
        recipients: u64,
        least: impl Fn(usize) -> Amount,
    ) -> Result<Amount, ReplaceError> {
        let mut available: Amount = coins.iter().map(|(_, coin)| coin.output.value).sum();
        if available >= least(coins.len()) {
            return Ok(available);
        }
        let limit = self.params.max_transaction_size();
        let most = limit.saturating_sub(size(0, recipients + 1)) / INPUT_SIZE;
        for (outpoint, coin) in self.largest_above(fee.of_coin()) {
            if coins.len() as u64 >= most {
                return Err(BuildError::TooManyCoins(SelectionError::TooMany { most }).into());
            }
            available = available.saturating_add(coin.output.value);
            coins.push((outpoint, coin));
            if available >= least(coins.len()) {
                return Ok(available);
            }
        }
        Err(ReplaceError::InsufficientFunds { needed: least(coins.len()), available })
    }

    /// Returns the fees of a pending payment and of all pending ones that spend from it, directly or not.
    fn fees_with_descendants(&self, txid: &Txid) -> Amount {
        let mut seen = BTreeSet::from([*txid]);
        let mut waiting = vec![*txid];
        let mut fees = Amount::ZERO;
        while let Some(payment) = waiting.pop().and_then(|txid| self.payments.get(&txid)) {
            fees = fees.saturating_add(payment.fee);
            let outputs = payment.transaction.outpoints(payment.txid);
            let spenders = outputs.filter_map(|(outpoint, _)| self.reserved.get(&outpoint));
            waiting.extend(spenders.filter(|spender| seen.insert(**spender)));
        }
        fees
    }
}

/// The fee of a replacement, by its size.
#[derive(Debug, Clone, Copy)]
struct NewFee {
    /// The rate that was asked for.
    rate: FeeRate,
    /// The fees of all payments that are replaced.
    replaced: Amount,
}

impl NewFee {
    /// Returns the fee of a replacement of this size in bytes: docs/protocol.md, "Mempool policy" (replace-by-fee).
    fn of(self, size: u64) -> Amount {
        self.rate.fee(size).max(self.replaced.saturating_add(Amount::from_grains(size)))
    }

    /// Returns the most by which one further coin makes the fee grow.
    fn of_coin(self) -> Amount {
        self.rate.max(FeeRate::grains_per_byte(1)).fee(INPUT_SIZE)
    }
}

/// Returns the size of a payment, in bytes by formula.
const fn size(coins: usize, outputs: u64) -> u64 {
    BASE_SIZE + INPUT_SIZE * coins as u64 + OUTPUT_SIZE * outputs
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tracking;

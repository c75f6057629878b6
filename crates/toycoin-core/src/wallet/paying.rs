//! Payments that a wallet makes, from their coins to their end.

use super::{Payment, PaymentStatus, Wallet};
use crate::{
    address::Address,
    amount::{Amount, FeeRate},
    builder::{BuildError, TransactionBuilder, Unsigned},
    digest::Txid,
    transaction::{OutPoint, Transaction},
};

/// Seed of all draws. Each payment draws by its recipients, too, and whoever makes the same payment twice from the same
/// coins makes one payment.
const SEED: [u8; 32] = [0; 32];

impl Wallet {
    /// Builds and signs a payment from coins that [fit](crate::selection), with the change to this wallet, and reserves
    /// them.
    ///
    /// The caller sends the payment to the network, and calls [`reject`](Self::reject) if the network refuses it.
    ///
    /// # Errors
    /// Insufficient funds, or an invalid payment; see [`BuildError`]. [`BuildError::WatchOnly`] if the wallet has no
    /// [`Signer`](crate::Signer).
    pub fn pay(&mut self, to: Address, amount: Amount, fee_rate: FeeRate) -> Result<Transaction, BuildError> {
        self.make(|builder| builder.pay(to, amount).fee_rate(fee_rate))
    }

    /// Makes a payment as [`pay`](Self::pay) does, with this fee in place of a fee rate.
    ///
    /// # Errors
    /// As [`pay`](Self::pay).
    pub fn pay_with_fee(&mut self, to: Address, amount: Amount, fee: Amount) -> Result<Transaction, BuildError> {
        self.make(|builder| builder.pay(to, amount).fee(fee))
    }

    fn make(
        &mut self,
        pays: impl Fn(TransactionBuilder<'_>) -> TransactionBuilder<'_>,
    ) -> Result<Transaction, BuildError> {
        let signer = self.signer.clone().ok_or(BuildError::WatchOnly)?;
        let transaction = self.prepare(pays)?.sign(&*signer.0)?;
        self.track(transaction.clone());
        Ok(transaction)
    }

    /// Builds a payment from the wallet's coins, with the change to this wallet. Nothing is signed or reserved yet, so a
    /// watch-only wallet does it, too, and a user may look at the fee and refuse.
    ///
    /// `pays` adds the recipients and the fee, and may change how coins are chosen. The same coins and payment give the
    /// same choice. Confirmed coins are spent. If they do not suffice, and the wallet
    /// [may](Self::spending_pending_change), the change of pending payments is spent as well. `pays` is then called a
    /// second time.
    ///
    /// ```
    /// use toycoin_core::{Amount, ChainParams, FeeRate, SecretKey, wallet::{Owners, Wallet}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let params = ChainParams::lab();
    /// let key = SecretKey::classroom(0);
    /// let mut watching = Wallet::watching(params.clone(), Owners::new(key.public_key()));
    /// let bob = params.address(SecretKey::classroom(1).public_key());
    /// let (amount, rate) = (Amount::from_toycoins(3)?, FeeRate::grains_per_byte(2));
    ///
    /// let unsigned = watching.prepare(|builder| builder.pay(bob, amount).fee_rate(rate))?;
    /// assert_eq!(unsigned.fee(), Amount::from_grains(2 * 196));
    /// // elsewhere, by whoever has the key
    /// let payment = unsigned.sign(&key)?;
    /// watching.track(payment);
    /// assert_eq!(watching.pending().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Insufficient funds, or an invalid payment; see [`BuildError`].
    pub fn prepare(
        &self,
        pays: impl Fn(TransactionBuilder<'_>) -> TransactionBuilder<'_>,
    ) -> Result<Unsigned, BuildError> {
        let builder = || {
            let builder = TransactionBuilder::new(&self.params);
            pays(builder.change_to(self.params.address(self.owners.change())).select(SEED))
        };
        match builder().build_from(self.spendable()) {
            Err(BuildError::InsufficientFunds { .. }) if self.spends_pending_change => {
                builder().build_from(self.spendable().chain(self.pending_change()))
            }
            result => result,
        }
    }

    /// Takes a payment from this wallet's coins as pending, and reserves the coins.
    ///
    /// It replaces pending payments that spend one of these coins, as nodes do (replace-by-fee). They are rejected, and
    /// so are all pending payments that spend from them; the reason names this payment. If a block holds a replaced
    /// payment after all, that is confirmed, and this one is rejected.
    pub fn track(&mut self, transaction: Transaction) {
        let txid = transaction.txid();
        self.reserve(txid, &transaction.inputs);
        let spent: Amount = transaction.inputs.iter().filter_map(|outpoint| self.value_of(outpoint)).sum();
        let fee = spent.saturating_sub(transaction.outputs.iter().map(|output| output.value).sum());
        let payment = Payment { txid, transaction, fee, status: PaymentStatus::Pending };
        // after a rejection, the same payment is the same transaction
        if self.payments.insert(txid, payment).is_none() {
            self.made.push(txid);
        }
    }

    /// Reserves coins for a payment, which replaces pending ones that spend them.
    pub(super) fn reserve(&mut self, txid: Txid, coins: &[OutPoint]) {
        for outpoint in coins {
            if let Some(other) = self.reserved.get(outpoint).copied().filter(|other| *other != txid) {
                self.give_up(&other, format!("it was replaced by {txid}"), |parent| {
                    format!("it spends the change of {parent}, which was replaced by {txid}")
                });
            }
        }
        self.reserved.extend(coins.iter().map(|outpoint| (*outpoint, txid)));
    }

    /// Gives up a pending payment, together with all pending payments that spend from it. Their coins can be spent
    /// again. Returns whether there was such a payment.
    ///
    /// A pending payment may spend the change of another, if the wallet [may](Self::spending_pending_change) or after a
    /// reorganisation. Without that change, it can never be confirmed.
    ///
    /// If a block holds a rejected payment after all, the payment is confirmed.
    pub fn reject(&mut self, txid: &Txid, reason: &str) -> bool {
        self.give_up(txid, reason.to_owned(), |parent| format!("it spends the change of {parent}, which was rejected"))
    }

    /// Rejects a pending payment for a reason, and those that spend from it for a reason that depends on the parent.
    fn give_up(&mut self, txid: &Txid, reason: String, of_child: impl Fn(&Txid) -> String) -> bool {
        let mut waiting = vec![(*txid, reason)];
        let mut is_rejected = false;
        while let Some((txid, reason)) = waiting.pop() {
            if !self.reject_one(&txid, &reason) {
                continue;
            }
            is_rejected = true;
            let children = self.pending().filter(|child| child.spends_from(&txid)).map(|child| child.txid);
            waiting.extend(children.map(|child| (child, of_child(&txid))));
        }
        is_rejected
    }

    /// Gives up one pending payment and returns whether it was pending.
    fn reject_one(&mut self, txid: &Txid, reason: &str) -> bool {
        let Some(payment) = self.payments.get_mut(txid).filter(|payment| payment.status == PaymentStatus::Pending)
        else {
            return false;
        };
        payment.status = PaymentStatus::Rejected { reason: reason.to_owned() };
        for outpoint in &payment.transaction.inputs {
            // after a reorganisation, a coin may be reserved for another payment
            if self.reserved.get(outpoint) == Some(txid) {
                self.reserved.remove(outpoint);
            }
        }
        true
    }

    /// Returns the value of a coin that the active chain, or a pending payment of its own, gave this wallet, spent or not;
    /// `None` if it is not one of those.
    pub fn value_of(&self, outpoint: &OutPoint) -> Option<Amount> {
        self.coins.value(outpoint).or_else(|| Some(self.pending_coin(outpoint)?.output.value))
    }

    /// Returns a payment that this wallet made, `None` if there is none with that id.
    pub fn payment(&self, txid: &Txid) -> Option<&Payment> {
        self.payments.get(txid)
    }

    /// Returns all payments that this wallet made, in the order in which they were made.
    pub fn payments(&self) -> impl DoubleEndedIterator<Item = &Payment> {
        self.made.iter().filter_map(|txid| self.payments.get(txid))
    }

    /// Returns the pending payments, in the order in which they were made.
    pub fn pending(&self) -> impl DoubleEndedIterator<Item = &Payment> {
        self.payments().filter(|payment| payment.status == PaymentStatus::Pending)
    }
}

//! A payment that is not signed yet.

use super::BuildError;
use crate::{
    amount::Amount,
    digest::{BlockHash, Sighash},
    signer::Signer,
    transaction::{Transaction, TxOut, sighash},
};

/// A payment without signatures, with the coins that it spends: all that a signer needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    genesis: BlockHash,
    transaction: Transaction,
    spent: Vec<TxOut>,
    has_change: bool,
}

impl Unsigned {
    /// `spent` are the coins in the order of the inputs; the change, if there is one, is the last output.
    pub(super) const fn new(genesis: BlockHash, transaction: Transaction, spent: Vec<TxOut>, has_change: bool) -> Self {
        Self { genesis, transaction, spent, has_change }
    }

    /// Returns the payment, which has no signatures. Its txid is that of the signed one.
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Returns the coins that it spends, in the order of the inputs.
    pub fn spent(&self) -> &[TxOut] {
        &self.spent
    }

    /// Returns the output that is the change; `None` if there is none.
    pub fn change(&self) -> Option<&TxOut> {
        self.transaction.outputs.last().filter(|_| self.has_change)
    }

    /// Returns what the miner gets.
    pub fn fee(&self) -> Amount {
        let sum = |outputs: &[TxOut]| outputs.iter().map(|output| output.value).sum::<Amount>();
        sum(&self.spent).saturating_sub(sum(&self.transaction.outputs))
    }

    /// Returns what all signatures sign.
    pub fn sighash(&self) -> Sighash {
        sighash(self.genesis, self.transaction.txid(), self.spent.iter().copied())
    }

    /// Signs the payment. Coins of one owner share a signature, since all signatures sign the same.
    ///
    /// # Errors
    /// [`BuildError::NotOwned`] if the signer has not the key of a coin's owner.
    pub fn sign(mut self, signer: &(impl Signer + ?Sized)) -> Result<Transaction, BuildError> {
        let sighash = self.sighash();
        let mut signatures = Vec::with_capacity(self.spent.len());
        // wallets of one key have many coins of it
        let mut last = None;
        for (coin, outpoint) in self.spent.iter().zip(&self.transaction.inputs) {
            let signature = match last {
                Some((owner, signature)) if owner == coin.owner => signature,
                _ => signer.sign(&coin.owner, &sighash).ok_or(BuildError::NotOwned(*outpoint))?,
            };
            last = Some((coin.owner, signature));
            signatures.push(signature);
        }
        self.transaction.signatures = signatures;
        Ok(self.transaction)
    }
}

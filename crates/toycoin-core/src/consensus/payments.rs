//! Checks of a transaction against the coins that it spends: existence, maturity, ranges, balance, signatures. Rules
//! R22 to R27 and R31.

use crate::{
    amount::Amount,
    consensus::{RuleError, SignatureCheck, SignatureVerifier, body::check_inputs_differ, check_transaction_form},
    digest::Txid,
    params::ChainParams,
    transaction::{Transaction, sighash},
    utxo::Coin,
};

/// A transaction that keeps all rules except R31: its signatures are still to be verified.
///
/// Only [`judge_transaction`] makes one, and nothing changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedTransaction {
    fee: Amount,
    checks: Vec<SignatureCheck>,
}

impl JudgedTransaction {
    /// Returns the fee that it leaves to the miner.
    pub const fn fee(&self) -> Amount {
        self.fee
    }

    /// Returns its signature checks, in the order of its inputs.
    pub fn into_checks(self) -> Vec<SignatureCheck> {
        self.checks
    }

    /// Verifies the signatures and returns the fee. `txid` is the transaction's id.
    ///
    /// # Errors
    /// Rule R31, for the first input whose signature does not hold.
    pub fn verify(
        &self,
        params: &ChainParams,
        txid: Txid,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Amount, RuleError> {
        if let Some(input) = verifier.first_invalid(&self.checks) {
            params.require(false, || RuleError::Signature { txid, input })?;
        }
        Ok(self.fee)
    }
}

/// Judges a transaction as if it stood alone in the block at `height`, except for its signatures: rules R01 to R04,
/// R20, R22 to R27 and R33.
///
/// `coins` are the coins that its inputs spend, in their order. An entry is `None` if there is no such coin.
///
/// # Errors
/// The first rule that the transaction breaks.
pub fn judge_transaction(
    params: &ChainParams,
    txid: Txid,
    transaction: &Transaction,
    coins: &[Option<Coin>],
    height: u64,
) -> Result<JudgedTransaction, RuleError> {
    check_transaction_form(params, transaction)?;
    check_inputs_differ(params, txid, transaction)?;
    let fee = check_values(params, txid, transaction, coins, height)?;
    let mut checks = Vec::with_capacity(transaction.inputs.len());
    push_checks(params, txid, transaction, coins, |_, check| checks.push(check))?;
    Ok(JudgedTransaction { fee, checks })
}

/// Passes the signature check of each input to `push`, with the input's index.
pub(crate) fn push_checks(
    params: &ChainParams,
    txid: Txid,
    transaction: &Transaction,
    coins: &[Option<Coin>],
    mut push: impl FnMut(usize, SignatureCheck),
) -> Result<(), RuleError> {
    // inputs without a coin, which only a sandbox lets through, are left out of the signed message
    let coins = || coins.iter().flatten().map(|coin| coin.output);
    let message = sighash(params.genesis_hash(), txid, coins());
    for (input, coin) in coins().enumerate() {
        // only a sandbox that switched off R04 gets here with an input that has no signature
        match transaction.signatures.get(input) {
            Some(signature) => push(input, SignatureCheck { key: coin.owner, message, signature: *signature }),
            None => params.require(false, || RuleError::Signature { txid, input })?,
        }
    }
    Ok(())
}

/// Checks existence, maturity, ranges and balance, and returns the fee: rules R22 to R27.
pub(super) fn check_values(
    params: &ChainParams,
    txid: Txid,
    transaction: &Transaction,
    found: &[Option<Coin>],
    height: u64,
) -> Result<Amount, RuleError> {
    let inputs = || transaction.inputs.iter().copied().zip(found);
    for (outpoint, coin) in inputs() {
        params.require(coin.is_some(), || RuleError::CoinExists { txid, outpoint })?;
    }
    for (outpoint, coin) in inputs().filter_map(|(outpoint, coin)| Some((outpoint, (*coin)?))) {
        let mature = coin.is_mature_at(height, params.spec().coinbase_maturity);
        params.require(mature, || RuleError::CoinbaseMaturity {
            txid,
            outpoint,
            created: coin.coinbase_height,
            height,
        })?;
    }

    for (vout, output) in transaction.outputs.iter().enumerate() {
        let value = output.value;
        params.require(value.is_coin_value(), || RuleError::OutputValue { txid, vout, value })?;
    }
    let pays = || transaction.outputs.iter().map(|output| output.value);
    params.require(Amount::sum_in_range(pays()).is_some(), || RuleError::OutputSum { txid })?;
    // inputs without a coin, which only a sandbox lets through, are worth nothing
    let spends = || found.iter().flatten().map(|coin| coin.output.value);
    params.require(Amount::sum_in_range(spends()).is_some(), || RuleError::InputSum { txid })?;

    let (inputs, outputs): (Amount, Amount) = (spends().sum(), pays().sum());
    params.require(outputs <= inputs, || RuleError::ValueBalance { txid, inputs, outputs })?;
    Ok(inputs.saturating_sub(outputs))
}

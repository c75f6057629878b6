//! A transaction by itself: the rules that need neither its coins nor its block.

use toycoin_core::{
    Amount, ChainParams, Coinbase, RuleError, TxOut, consensus::check_transaction_form, proof::ReceiptTransaction,
};

/// Checks a transaction by itself, and returns its outputs: rules R01 to R04, R24, R25 and R33, for a coinbase R17 to
/// R19.
pub(super) fn check<'a>(params: &ChainParams, transaction: &'a ReceiptTransaction) -> Result<&'a [TxOut], RuleError> {
    match transaction {
        ReceiptTransaction::Transaction(payment) => {
            check_transaction_form(params, payment)?;
            let (txid, outputs) = (payment.txid(), &payment.outputs);
            if let Some((vout, value)) = out_of_range(outputs) {
                return Err(RuleError::OutputValue { txid, vout, value });
            }
            if has_sum(outputs) { Ok(outputs) } else { Err(RuleError::OutputSum { txid }) }
        }
        ReceiptTransaction::Coinbase(Coinbase { extra, outputs, .. }) => {
            let found = extra.len();
            if found > Coinbase::MAX_EXTRA {
                return Err(RuleError::CoinbaseExtra { found });
            }
            if let Some((vout, value)) = out_of_range(outputs) {
                return Err(RuleError::CoinbaseOutputValue { vout, value });
            }
            if has_sum(outputs) { Ok(outputs) } else { Err(RuleError::CoinbaseOutputSum) }
        }
    }
}

/// Returns the first output that is not worth 1 to `MAX_MONEY` grains.
fn out_of_range(outputs: &[TxOut]) -> Option<(usize, Amount)> {
    let range = Amount::from_grains(1)..=Amount::MAX_MONEY;
    outputs.iter().map(|output| output.value).enumerate().find(|(_, value)| !range.contains(value))
}

fn has_sum(outputs: &[TxOut]) -> bool {
    Amount::sum_in_range(outputs.iter().map(|output| output.value)).is_some()
}

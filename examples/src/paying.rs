//! Paying with a key that another program may use at the same time.
//!
//! Two wallets with the same key choose the same coins, so the same payment made by both is one transaction. The money
//! moves once, and only one of the programs may report that it paid. Each signs with its own randomness, so the
//! signatures in the block show which program's transaction was confirmed.

use std::{collections::BTreeMap, error::Error};

use toycoin_core::{Address, Amount, ChainParams, FeeRate, OutPoint, SecretKey, Transaction, TxOut, wallet::Wallet};
use toycoin_node::{
    NodeHandle, PaymentError,
    mempool::{AdmitError, DropReason},
    protocol::{Confirmed, SubmitError, WaitError},
};

/// Makes a payment from a wallet and signs it with fresh randomness, so that its signatures differ from any other
/// program's.
///
/// `params` and `key` must be those of the wallet.
///
/// # Errors
/// If the wallet has insufficient funds, the payment is invalid, or the system supplies no randomness.
pub fn pay_apart(
    params: &ChainParams,
    wallet: &mut Wallet,
    key: &SecretKey,
    to: Address,
    amount: Amount,
    fee_rate: FeeRate,
) -> Result<Transaction, Box<dyn Error>> {
    let coins: BTreeMap<OutPoint, TxOut> = wallet.spendable().map(|(outpoint, coin)| (outpoint, coin.output)).collect();
    let mut payment = wallet.pay(to, amount, fee_rate)?;
    let spent: Vec<_> = payment.inputs.iter().filter_map(|outpoint| coins.get(outpoint).copied()).collect();
    let mut randomness = [0; 32];
    getrandom::fill(&mut randomness)?;
    payment.sign_all_with(params.genesis_hash(), &spent, key, &randomness);
    Ok(payment)
}

/// Submits a payment to the network and waits until it is confirmed.
///
/// # Errors
/// If it is not confirmed, or if the confirmed transaction was another program's. The error is written for the payer.
pub async fn confirmed(
    node: &NodeHandle,
    payment: &Transaction,
    confirmations: u64,
) -> Result<Confirmed, Box<dyn Error>> {
    let txid = payment.txid();
    let confirmed = match node.submit_and_wait(payment.clone(), confirmations).await {
        Ok(confirmed) => confirmed,
        Err(PaymentError::Refused(SubmitError::Refused(AdmitError::Conflict { with, .. })))
        | Err(PaymentError::NotConfirmed(WaitError::Dropped(
            DropReason::Conflict { with } | DropReason::Replaced { by: with },
        ))) => {
            return Err(
                format!("not paid: transaction {with} spends the same coins; is this key used elsewhere?").into()
            );
        }
        Err(error @ (PaymentError::Refused(_) | PaymentError::NotConfirmed(_))) => {
            return Err(format!("not paid, {error}; the coins are still there").into());
        }
        Err(error) => return Err(error.into()),
    };
    let block = node.block(confirmed.block).await?.ok_or("its block is gone")?;
    match block.block().transactions.iter().find(|transaction| transaction.txid() == txid) {
        Some(held) if !is_signed_as(payment, held) => Err(format!(
            "not paid by this wallet: another program with this key made the same payment, {txid}, and that one is \
             confirmed at height {}; the money moved once",
            confirmed.height
        )
        .into()),
        _ => Ok(confirmed),
    }
}

/// Returns whether a transaction bears the signatures of a payment, in any order.
///
/// All inputs sign the same hash. So a third party can swap signatures of one owner between inputs, and mix those of
/// two programs. The smallest signature decides, because it belongs to only one program.
fn is_signed_as(payment: &Transaction, held: &Transaction) -> bool {
    let least = held.signatures.iter().min_by_key(|signature| *signature.as_bytes());
    least.is_some_and(|least| payment.signatures.contains(least))
}

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;

    use super::*;

    fn pay(grains: u64) -> Result<Transaction, Box<dyn Error>> {
        let params = ChainParams::regtest();
        let mut wallet = Wallet::new(params.clone(), SecretKey::classroom(0));
        let to = params.address(SecretKey::classroom(1).public_key());
        pay_apart(&params, &mut wallet, &SecretKey::classroom(0), to, Amount::from_grains(grains), FeeRate::ZERO)
    }

    #[test]
    fn the_same_payment_of_two_programs_differs_in_its_signatures() -> Result<(), Box<dyn Error>> {
        let (one, other) = (pay(5)?, pay(5)?);
        assert_eq!(one.txid(), other.txid());
        assert!(is_signed_as(&one, &one) && is_signed_as(&other, &other));
        assert!(!is_signed_as(&one, &other) && !is_signed_as(&other, &one));
        Ok(())
    }

    #[test]
    fn mixed_signatures_are_those_of_one_program_alone() -> Result<(), Box<dyn Error>> {
        let (mut one, mut other) = (pay(5)?, pay(5)?);
        // doubled signatures, as if the payment had two inputs
        for payment in [&mut one, &mut other] {
            payment.signatures.extend(payment.signatures.clone());
        }
        let mut mixed = one.clone();
        mixed.signatures = vec![*other.signatures.last().ok_or("signed")?, *one.signatures.last().ok_or("signed")?];
        assert!(is_signed_as(&one, &mixed) != is_signed_as(&other, &mixed));
        Ok(())
    }
}

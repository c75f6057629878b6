//! Paying with a key that another program may use at the same time.
//!
//! Two wallets that know the same coins choose the same ones for the same payment, so the payment made by both is one
//! transaction. The money moves once, and only one of the programs may report that it paid. Each signs with its own randomness, so the
//! signatures in the block show which program's transaction was confirmed.

use std::error::Error;

use toycoin_core::{Amount, BuildError, FeeRate, Transaction, Txid, wallet::Wallet};
use toycoin_node::{
    NodeHandle, PaymentError,
    mempool::{AdmitError, DropReason},
    protocol::{Confirmed, SubmitError, WaitError},
};

use crate::{gave_up::GaveUp, tell, words::money};

/// Size of an input, in bytes.
const COIN_BYTES: u64 = 100;

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
    let mut outcome = node.submit_and_wait(payment.clone(), confirmations).await;
    let mut replaced = None;
    let confirmed = loop {
        outcome = match outcome {
            Ok(confirmed) => break confirmed,
            // Both were sent, so either may be mined. Not to be paid is certain only once a block spends the coins.
            Err(PaymentError::NotConfirmed(WaitError::Dropped(DropReason::Replaced { by }))) => {
                if replaced.replace(by).is_none() {
                    tell!("note: payment {by} pays more for the same coins; a block decides");
                }
                match node.wait_for_confirmations(by, confirmations).await {
                    Ok(_) => return Err(spent_elsewhere(by)),
                    Err(PaymentError::NotConfirmed(WaitError::Dropped(DropReason::Conflict { with })))
                        if with == txid =>
                    {
                        node.wait_for_confirmations(txid, confirmations).await
                    }
                    Err(error) => Err(error),
                }
            }
            Err(
                PaymentError::Refused(SubmitError::Refused(AdmitError::Conflict { with, .. }))
                | PaymentError::NotConfirmed(WaitError::Dropped(DropReason::Conflict { with })),
            ) => return Err(spent_elsewhere(with)),
            Err(PaymentError::Refused(error)) => {
                return Err(format!("not paid: {error}; `wallet balance` shows what there is").into());
            }
            // another node may have kept it
            Err(PaymentError::NotConfirmed(WaitError::Dropped(reason @ DropReason::Evicted))) => {
                let next = may_still_be_confirmed(txid);
                return Err(GaveUp::new(format!("not confirmed yet: {reason}; {next}")).into());
            }
            Err(PaymentError::NotConfirmed(WaitError::Dropped(reason))) => {
                return Err(format!("not paid: {reason}; `wallet balance` shows what is left").into());
            }
            Err(error) => return Err(error.into()),
        };
    };
    let block = node.block(confirmed.block).await?.ok_or("its block is gone")?;
    match block.block().transactions.iter().find(|transaction| transaction.txid() == txid) {
        Some(held) if !is_signed_as(payment, held) => Err(paid_elsewhere(txid, confirmed.height)),
        _ => Ok(confirmed),
    }
}

/// Returns what holds for a payment that was sent and that no block holds yet.
pub fn may_still_be_confirmed(txid: Txid) -> String {
    format!(
        "it was sent and may still be confirmed later: `wallet tx {txid}` shows whether it is, `wallet bump {txid}` \
         raises its fee"
    )
}

/// Returns the error of a payment that another program made too, and whose transaction a block holds.
pub(crate) fn paid_elsewhere(txid: Txid, height: u64) -> Box<dyn Error> {
    format!(
        "not paid by this wallet: it was run before or elsewhere with this key and made the same payment, {txid}, and \
         that one is confirmed in block {height}; the money moved once"
    )
    .into()
}

fn spent_elsewhere(with: Txid) -> Box<dyn Error> {
    format!("not paid: transaction {with} spends the same coins; is this key used elsewhere?").into()
}

/// Returns why a wallet cannot make a payment, for its owner: what it lacks, and from when on it may have it.
pub fn explained(wallet: &Wallet, error: BuildError, fee_rate: FeeRate) -> Box<dyn Error> {
    match error {
        BuildError::InsufficientFunds { needed, available } => shortfall(wallet, needed, available, fee_rate).into(),
        error => error.into(),
    }
}

/// Returns why there is too little money: what can be spent now, and from which block on the immature rewards can be.
fn shortfall(wallet: &Wallet, needed: Amount, available: Amount, fee_rate: FeeRate) -> String {
    let (all, there) = (money(needed), money(available));
    if available == Amount::ZERO && wallet.spendable().next().is_some() {
        let why = "each coin costs more at this fee rate than it is worth; try a lower --fee-rate";
        return format!("insufficient funds: {all} toycoins are needed with the fee, and {why}");
    }
    let short = format!("insufficient funds: {all} toycoins are needed with the fee, there are {there} to spend");
    let mut rewards: Vec<_> =
        wallet.immature().map(|(_, coin)| (wallet.matures_at(&coin), coin.output.value)).collect();
    rewards.sort();
    let Some((last, _)) = rewards.last() else { return short };
    let immature = money(rewards.iter().map(|(_, value)| *value).sum());
    // each further coin makes the payment larger
    let gain = |value: Amount| value.saturating_sub(fee_rate.fee(COIN_BYTES));
    let mut reached = available;
    let enough = rewards.iter().find(|(_, value)| {
        reached = reached.saturating_add(gain(*value));
        reached >= needed
    });
    match enough {
        Some((height, _)) => {
            format!("{short}; {immature} more are immature rewards, enough of them from block {height} on")
        }
        None => format!("{short}; {immature} more are immature rewards until block {last}, not enough either"),
    }
}

/// Returns whether a transaction bears the signatures of a payment, in any order.
///
/// All inputs sign the same hash. So a third party can swap signatures of one owner between inputs, and mix those of
/// two programs. The smallest signature decides, because it belongs to only one program.
pub(crate) fn is_signed_as(payment: &Transaction, held: &Transaction) -> bool {
    let least = held.signatures.iter().min_by_key(|signature| *signature.as_bytes());
    least.is_some_and(|least| payment.signatures.contains(least))
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams, PublicKey, SecretKey, Sighash, Signature, Signer};

    use super::*;

    /// A program that signs with randomness of its own.
    struct Program([u8; 32]);

    impl Signer for Program {
        fn sign(&self, _: &PublicKey, sighash: &Sighash) -> Option<Signature> {
            Some(SecretKey::classroom(0).sign_with(sighash.as_bytes(), &self.0))
        }
    }

    /// Returns a payment that two programs make.
    fn pay() -> Result<[Transaction; 2], Box<dyn Error>> {
        let params = ChainParams::regtest();
        let to = params.address(SecretKey::classroom(1).public_key());
        let wallet = Wallet::new(params, SecretKey::classroom(0));
        let payment = wallet.prepare(|builder| builder.pay(to, Amount::from_grains(5)))?;
        Ok([payment.clone().sign(&Program([1; 32]))?, payment.sign(&Program([2; 32]))?])
    }

    #[test]
    fn the_same_payment_of_two_programs_differs_in_its_signatures() -> Result<(), Box<dyn Error>> {
        let [one, other] = pay()?;
        assert_eq!(one.txid(), other.txid());
        assert!(is_signed_as(&one, &one) && is_signed_as(&other, &other));
        assert!(!is_signed_as(&one, &other) && !is_signed_as(&other, &one));
        Ok(())
    }

    #[test]
    fn mixed_signatures_are_those_of_one_program_alone() -> Result<(), Box<dyn Error>> {
        let [mut one, mut other] = pay()?;
        // doubled signatures, as if the payment had two inputs
        for payment in [&mut one, &mut other] {
            payment.signatures.extend(payment.signatures.clone());
        }
        let mut mixed = one.clone();
        mixed.signatures = vec![*other.signatures.last().ok_or("signed")?, *one.signatures.last().ok_or("signed")?];
        assert!(is_signed_as(&one, &mixed) != is_signed_as(&other, &mixed));
        Ok(())
    }

    #[test]
    fn a_fee_rate_above_all_coins_is_named_as_the_reason() -> Result<(), Box<dyn Error>> {
        let params = ChainParams::regtest();
        let to = params.address(SecretKey::classroom(1).public_key());
        let wallet = Wallet::new(params, SecretKey::classroom(0));
        let rate = FeeRate::grains_per_byte(1_000_000_000);
        let error = wallet.prepare(|builder| builder.pay(to, Amount::from_grains(5)).fee_rate(rate)).err();
        let error = explained(&wallet, error.ok_or("too dear")?, rate).to_string();
        assert!(error.ends_with("each coin costs more at this fee rate than it is worth; try a lower --fee-rate"));
        Ok(())
    }

    #[test]
    fn insufficient_funds_say_what_is_immature_until_when() -> Result<(), Box<dyn Error>> {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let mut wallet = Wallet::new(chain.params().clone(), SecretKey::classroom(7));
        let to = chain.params().address(SecretKey::classroom(1).public_key());
        let short_of = |wallet: &Wallet, toycoins: &str| {
            let amount = toycoins.parse().expect("an amount");
            let error = wallet.prepare(|builder| builder.pay(to, amount)).err()?;
            Some(explained(wallet, error, FeeRate::ZERO).to_string())
        };
        let short = "insufficient funds: 60 toycoins are needed with the fee, there are 0 to spend";
        assert_eq!(short_of(&wallet, "60").as_deref(), Some(short));
        let now_ms = 1_767_226_000_000;
        for mined in ["50 more are immature rewards until block 3, not enough either", ""] {
            let block = chain.template(Vec::new(), wallet.address().owner(), b"", now_ms)?.mine_trivial();
            chain.apply(block.clone(), now_ms)?;
            wallet.connect(&block)?;
            if !mined.is_empty() {
                assert_eq!(short_of(&wallet, "60"), Some(format!("{short}; {mined}")));
            }
        }
        let short = "insufficient funds: 60 toycoins are needed with the fee, there are 50 to spend";
        let later = "50 more are immature rewards, enough of them from block 4 on";
        assert_eq!(short_of(&wallet, "60"), Some(format!("{short}; {later}")));
        Ok(())
    }
}

//! A wallet's replacements are what a mempool takes: bumps and cancels, with all that they replace.

use std::{collections::BTreeSet, convert::Infallible};

use proptest::prelude::*;
use toycoin_core::{
    Address, Amount, BuildError, Chain, ChainParams, FeeRate, SecretKey, Transaction, TransactionBuilder, Txid,
    Unsigned,
    consensus::PlainVerifier,
    store::MemoryStore,
    utxo::Coin,
    wallet::{ReplaceError, Wallet},
};
use toycoin_node::mempool::{Admission, AdmitError, DropReason, Mempool, MempoolConfig};

/// A chain, a mempool, and a wallet whose payments enter it.
struct Scene {
    chain: Chain<MemoryStore>,
    pool: Mempool,
    wallet: Wallet,
    key: SecretKey,
}

impl Scene {
    fn new() -> Self {
        let (params, key) = (ChainParams::regtest(), SecretKey::classroom(3));
        let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: 1_000_000 };
        Self {
            chain: Chain::in_memory(params.clone()),
            pool: Mempool::new(params.clone(), config),
            wallet: Wallet::new(params, key.clone()).spending_pending_change(true),
            key,
        }
    }

    fn bob(&self) -> Address {
        self.chain.params().address(SecretKey::classroom(1).public_key())
    }

    fn submit(&mut self, transaction: &Transaction) -> Result<Admission, AdmitError<Infallible>> {
        let next = self.chain.height() + 1;
        self.pool.submit(transaction.clone(), Some(1), self.chain.store(), next, &PlainVerifier)
    }

    fn pay(&mut self, grains: u64, rate: u64) -> Txid {
        let rate = FeeRate::grains_per_byte(rate);
        let payment = self.wallet.pay(self.bob(), Amount::from_grains(grains), rate).unwrap();
        assert!(matches!(self.submit(&payment), Ok(Admission::Accepted(_))));
        payment.txid()
    }

    /// Returns the same replacement for one grain less, which the last output gets.
    fn cheaper(&self, unsigned: &Unsigned) -> Result<Transaction, BuildError> {
        let coins = unsigned.transaction().inputs.iter().zip(unsigned.spent());
        let coins = coins.map(|(outpoint, output)| (*outpoint, Coin { output: *output, coinbase_height: 0 }));
        let mut builder = TransactionBuilder::new(self.chain.params()).spend(coins).spend_all();
        let (last, others) = unsigned.transaction().outputs.split_last().unwrap();
        for output in others {
            builder = builder.pay(self.chain.params().address(output.owner), output.value);
        }
        let more = last.value.saturating_add(Amount::from_grains(1));
        let fee = unsigned.fee().saturating_sub(Amount::from_grains(1));
        builder.pay(self.chain.params().address(last.owner), more).fee(fee).sign(&self.key)
    }

    /// Submits a replacement of `old`. The mempool and the wallet must give up the same payments, and hold the same
    /// afterwards.
    fn replace(&mut self, old: Txid, unsigned: Unsigned) {
        let before: BTreeSet<_> = self.wallet.pending().map(|payment| payment.txid).collect();
        let new = unsigned.sign(&self.key).unwrap();
        let Ok(Admission::Accepted(accepted)) = self.submit(&new) else { panic!("the mempool takes it") };
        self.wallet.track(new.clone());
        let after: BTreeSet<_> = self.wallet.pending().map(|payment| payment.txid).collect();
        let replaced: BTreeSet<_> = accepted.replaced.iter().map(|(txid, _)| *txid).collect();
        assert_eq!(replaced, before.difference(&after).copied().collect());
        assert!(accepted.replaced.contains(&(old, DropReason::Replaced { by: new.txid() })));
        assert_eq!(after, self.pool.iter().map(|(txid, _)| *txid).collect());
    }
}

#[test]
fn a_cancel_for_one_grain_less_is_refused() {
    let mut scene = Scene::new();
    let first = scene.pay(1_000, 2);
    scene.pay(2_000, 9);
    let cancel = scene.wallet.cancel(&first, None).unwrap();
    let cheaper = scene.cheaper(&cancel).unwrap();
    assert!(matches!(scene.submit(&cheaper), Err(AdmitError::Conflict { required, .. }) if required == cancel.fee()));
    scene.replace(first, cancel);
    assert_eq!(scene.pool.len(), 1);
}

#[test]
fn a_bump_for_one_grain_less_is_refused() {
    let mut scene = Scene::new();
    let first = scene.pay(1_000, 2);
    scene.pay(2_000, 9);
    // 3 grains per byte are fewer than what is replaced paid
    let bump = scene.wallet.replace(&first, FeeRate::grains_per_byte(3)).unwrap();
    let cheaper = scene.cheaper(&bump).unwrap();
    assert!(matches!(scene.submit(&cheaper), Err(AdmitError::Conflict { required, .. }) if required == bump.fee()));
    scene.replace(first, bump);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_mempool_takes_every_replacement(
        rates in prop::collection::vec(0..6_u64, 1..5),
        steps in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(0..12_u64)), 1..5),
    ) {
        let mut scene = Scene::new();
        for rate in rates {
            scene.pay(1_000, rate);
        }
        for (chosen, rate) in steps {
            let pending: Vec<_> = scene.wallet.pending().map(|payment| payment.txid).collect();
            let old = *chosen.get(&pending);
            let unsigned = match rate.map(FeeRate::grains_per_byte) {
                None => scene.wallet.cancel(&old, None),
                Some(rate) => scene.wallet.replace(&old, rate),
            };
            let unsigned = match unsigned {
                Err(ReplaceError::RateTooLow { least, .. }) => scene.wallet.replace(&old, least),
                result => result,
            };
            scene.replace(old, unsigned.unwrap());
        }
    }
}

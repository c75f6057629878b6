//! Wallets that follow a chain through its reorganisations know what the chain knows.

use proptest::prelude::*;
use toycoin_core::{
    Amount, Chain, FeeRate,
    chain::Advance,
    test_util::{classroom, strategies},
    wallet::{PaymentStatus, Wallet},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_wallet_knows_its_coins_through_every_reorganisation(
        tree in strategies::fork_tree_with_cheats(1..40),
        steps in prop::collection::vec((any::<bool>(), prop::option::of(any::<bool>())), 40),
    ) {
        let params = tree.params().clone();
        let mut chain = Chain::in_memory(params.clone());
        let mut wallets: Vec<_> =
            (0..4).map(|index| Wallet::new(params.clone(), classroom::key(index).clone())).collect();
        for (node, (pay, replace)) in tree.blocks().iter().zip(steps) {
            // what builds on an invalid block has no parent
            if chain.insert_block(node.block.clone(), tree.now_ms()).is_err() {
                continue;
            }
            loop {
                let moved = match chain.advance().unwrap() {
                    Advance::Moved(moved) => moved,
                    Advance::Idle => break,
                    _ => continue,
                };
                for wallet in &mut wallets {
                    let block = |hash| chain.block(hash).unwrap().unwrap();
                    moved.disconnected.iter().for_each(|hash| wallet.disconnect(block(hash).block()).unwrap());
                    moved.connected.iter().for_each(|hash| wallet.connect(block(hash).block()).unwrap());
                }
            }
            for (wallet, index) in wallets.iter_mut().zip(0..) {
                let owner = wallet.address().owner();
                let coins = chain.coins_of(&owner).unwrap();
                let owned: Amount = coins.iter().map(|(_, coin)| coin.output.value).sum();
                let balance = wallet.balance();
                prop_assert_eq!(balance.total(), owned);
                prop_assert_eq!(wallet.tip(), chain.tip().hash);

                // what is in no payment that waits is free, and what is free is on the chain
                let spendable: Vec<_> = wallet.spendable().collect();
                let free: Amount = spendable.iter().map(|(_, coin)| coin.output.value).sum();
                prop_assert_eq!(free, balance.available);
                prop_assert!(spendable.iter().all(|coin| coins.contains(coin)));
                let came: Amount = wallet.history().iter().map(|entry| entry.received).sum();
                let went: Amount = wallet.history().iter().map(|entry| entry.spent).sum();
                prop_assert_eq!(came.checked_sub(went), Some(owned));

                if pay && balance.available > Amount::from_grains(1) {
                    let half = Amount::from_grains(balance.available.grains() / 2);
                    wallet.pay(params.address(classroom::owner(7)), half, FeeRate::ZERO).unwrap();
                }
                // a coin that a reorganisation took back cannot be spent again, so not all can be replaced
                let old = wallet.pending().next_back().map(|payment| payment.txid);
                if let (Some(cancel), Some(old)) = (replace, old)
                    && let Ok(unsigned) = match cancel {
                        true => wallet.cancel(&old, None),
                        false => wallet.replace(&old, FeeRate::grains_per_byte(5)),
                    }
                {
                    let total = wallet.balance().total();
                    wallet.track(unsigned.sign(classroom::key(index)).unwrap());
                    prop_assert!(wallet.pending().all(|payment| payment.txid != old));
                    prop_assert_eq!(wallet.balance().total(), total);
                }
                // no two payments that wait spend one coin
                let mut waiting: Vec<_> = wallet.pending().flat_map(|payment| &payment.transaction.inputs).collect();
                let count = waiting.len();
                waiting.sort();
                waiting.dedup();
                prop_assert_eq!(waiting.len(), count);
            }
        }
        for wallet in &wallets {
            // the tree's blocks hold none of these payments, so none is confirmed: they wait, or lost a coin to a block
            let confirmed = |payment: &toycoin_core::wallet::Payment| {
                matches!(payment.status, PaymentStatus::Confirmed { .. })
            };
            prop_assert!(!wallet.payments().any(confirmed));
        }
    }
}

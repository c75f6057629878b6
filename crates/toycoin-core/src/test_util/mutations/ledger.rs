//! Mutations that need the UTXO set or the state: rules R22 to R32.

use crate::{
    amount::Amount,
    digest::{StateRoot, Txid},
    rule::Rule,
    test_util::{
        Scene, classroom,
        mutations::{Mutation, Setting},
    },
    transaction::{OutPoint, TxOut, sighash},
};

const GRAIN: Amount = Amount::from_grains(1);

pub(super) const MUTATIONS: &[Mutation] = &[
    Mutation::new(Rule::CoinExists, "a coin of a transaction that never was", |scene| {
        scene.edit_payment(|payment| payment.inputs.push(OutPoint { txid: Txid::from_bytes([7; 32]), vout: 0 }));
    }),
    Mutation::new(Rule::CoinbaseMaturity, "the reward of the block before", |scene| {
        let coinbase = &scene.ledger.tip().coinbase;
        let reward = OutPoint { txid: coinbase.txid(), vout: 0 };
        scene.edit_payment(|payment| payment.inputs.push(reward));
    }),
    Mutation::new(Rule::OutputValue, "a coin worth nothing", |scene| {
        scene.edit_payment(|payment| {
            payment.outputs.push(TxOut { value: Amount::ZERO, owner: classroom::owner(1) });
        });
    }),
    Mutation::new(Rule::OutputSum, "coins of all money there can be and one grain", |scene| {
        scene.edit_payment(|payment| {
            let coin = |value| TxOut { value, owner: classroom::owner(1) };
            payment.outputs = vec![coin(Amount::MAX_MONEY), coin(GRAIN)];
        });
    }),
    Mutation::new(Rule::InputSum, "a payment of more than all money there can be", |scene| {
        let whole = TxOut { value: Amount::MAX_MONEY, owner: classroom::owner(0) };
        let inputs = [whole, TxOut { value: GRAIN, ..whole }].map(|coin| scene.ledger.inject(coin));
        scene.edit_payment(|payment| {
            payment.inputs = inputs.to_vec();
            payment.outputs = vec![TxOut { owner: classroom::owner(1), ..whole }];
        });
    })
    .with(Setting::Money),
    Mutation::new(Rule::ValueBalance, "a grain more paid than spent", |scene| {
        let spent: Amount = first_spent(scene).iter().map(|coin| coin.value).sum();
        scene.edit_payment(|payment| {
            let value = spent.saturating_add(GRAIN);
            payment.outputs = vec![TxOut { value, owner: classroom::owner(1) }];
        });
    }),
    Mutation::new(Rule::FeeSum, "fees of twice all money there can be", |scene| {
        let whole = TxOut { value: Amount::MAX_MONEY, owner: classroom::owner(0) };
        let coins = [whole; 2].map(|coin| scene.ledger.inject(coin));
        scene.edit_transactions(|transactions| {
            for (transaction, coin) in transactions.iter_mut().zip(coins) {
                transaction.inputs = vec![coin];
                transaction.outputs = vec![TxOut { value: GRAIN, owner: classroom::owner(1) }];
            }
        });
        // no coinbase can claim them, because of rules R18 and R19
        let subsidy = scene.ledger.params().subsidy(scene.block.header.height);
        scene.block.coinbase.outputs = vec![TxOut { value: subsidy, owner: classroom::owner(3) }];
        scene.recommit();
    })
    .with(Setting::Money),
    Mutation::new(Rule::CoinbaseAmount, "a reward of a grain too much", |scene| {
        for reward in &mut scene.block.coinbase.outputs {
            reward.value = reward.value.saturating_add(GRAIN);
        }
        scene.recommit();
    }),
    Mutation::new(Rule::Supply, "a subsidy of a grain more than is left of all money", |scene| {
        let subsidy = scene.ledger.params().subsidy(scene.block.header.height);
        scene.ledger.set_issued(Amount::MAX_MONEY.saturating_sub(subsidy).saturating_add(GRAIN));
        scene.recommit();
    })
    .with(Setting::Money),
    Mutation::new(Rule::Signature, "a payment signed by the one whom it pays", |scene| {
        let genesis = scene.ledger.params().genesis_hash();
        let spent = first_spent(scene);
        for payment in scene.block.transactions.iter_mut().take(1) {
            let message = sighash(genesis, payment.txid(), spent.iter().copied());
            payment.signatures = vec![classroom::key(1).sign(message.as_bytes()); payment.inputs.len()];
        }
        scene.recommit();
    }),
    Mutation::new(Rule::StateRoot, "a state that is not the one after the block", |scene| {
        scene.block.header.state_root = StateRoot::ZERO;
        scene.resolve();
    }),
];

/// Returns the coins that the block's first payment spends.
fn first_spent(scene: &Scene) -> Vec<TxOut> {
    let inputs = scene.block.transactions.first().into_iter().flat_map(|payment| &payment.inputs);
    inputs.filter_map(|outpoint| scene.ledger.coins().get(outpoint)).map(|coin| coin.output).collect()
}

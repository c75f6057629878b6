//! Mutations of a block's body: rules R15 to R21.

use crate::{
    amount::Amount,
    digest::MerkleRoot,
    rule::Rule,
    test_util::{classroom, mutations::Mutation},
    transaction::{Coinbase, TxOut},
};

const GRAIN: Amount = Amount::from_grains(1);

pub(super) const MUTATIONS: &[Mutation] = &[
    Mutation::new(Rule::MerkleRoot, "a root over other transactions", |scene| {
        scene.block.header.merkle_root = MerkleRoot::ZERO;
        scene.resolve();
    }),
    Mutation::new(Rule::CoinbaseHeight, "a coinbase of another height", |scene| {
        scene.block.coinbase.height += 1;
        scene.recommit();
    }),
    Mutation::new(Rule::CoinbaseExtra, "a miner's text of 65 bytes", |scene| {
        scene.block.coinbase.extra = vec![b'a'; Coinbase::MAX_EXTRA + 1];
        scene.recommit();
    }),
    Mutation::new(Rule::CoinbaseOutputValue, "a reward coin worth nothing", |scene| {
        scene.block.coinbase.outputs.push(TxOut { value: Amount::ZERO, owner: classroom::owner(3) });
        scene.recommit();
    }),
    Mutation::new(Rule::CoinbaseOutputSum, "a reward of all money there can be and one grain", |scene| {
        let coin = |value| TxOut { value, owner: classroom::owner(3) };
        scene.block.coinbase.outputs = vec![coin(Amount::MAX_MONEY), coin(GRAIN)];
        scene.recommit();
    }),
    Mutation::new(Rule::DuplicateInput, "one coin spent twice by one payment", |scene| {
        scene.edit_payment(|payment| {
            payment.inputs.extend_from_within(..1);
            payment.outputs.extend_from_within(..);
        });
    }),
    Mutation::new(Rule::DuplicateInputInBlock, "one coin spent by two payments", |scene| {
        scene.edit_transactions(|transactions| {
            if let [first, second] = transactions.as_mut_slice() {
                second.inputs.clone_from(&first.inputs);
            }
        });
    }),
];

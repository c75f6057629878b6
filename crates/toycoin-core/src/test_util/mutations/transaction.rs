//! Form: rules R01 to R05.

use crate::{
    amount::Amount,
    consensus::Rule,
    test_util::{classroom, mutations::Mutation},
    transaction::TxOut,
};

pub(super) const MUTATIONS: &[Mutation] = &[
    Mutation::new(Rule::TransactionVersion, "a payment of version 2", |scene| {
        scene.edit_payment(|payment| payment.version = 2);
    }),
    Mutation::new(Rule::InputCount, "a payment that spends nothing", |scene| {
        scene.edit_payment(|payment| payment.inputs.clear());
    }),
    Mutation::new(Rule::OutputCount, "a payment to nobody, all of it fee", |scene| {
        scene.edit_payment(|payment| payment.outputs.clear());
    }),
    Mutation::new(Rule::SignatureCount, "a signature more than inputs", |scene| {
        for payment in scene.block.transactions.iter_mut().take(1) {
            payment.signatures.extend_from_within(..1);
        }
        scene.recommit();
    }),
    Mutation::new(Rule::BlockSize, "a payment in more parts than a block holds", |scene| {
        let parts = scene.ledger.params().spec().block_size_limit / 40;
        scene.edit_payment(|payment| {
            let part = TxOut { value: Amount::from_grains(1), owner: classroom::owner(1) };
            payment.outputs = (0..parts).map(|_| part).collect();
        });
    }),
];

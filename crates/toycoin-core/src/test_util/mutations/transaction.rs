//! Mutations of form: rules R01 to R05 and R33.

use crate::{
    amount::Amount,
    rule::Rule,
    test_util::{classroom, mutations::Mutation},
    transaction::{OutPoint, Transaction, TxOut},
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
    Mutation::new(Rule::TransactionSize, "a payment in more parts than it may have", |scene| {
        scene.edit_payment(|payment| {
            let part = TxOut { value: Amount::from_grains(1), owner: classroom::owner(1) };
            let parts = usize::try_from(Transaction::MAX_SIZE / 40).unwrap_or(usize::MAX);
            payment.outputs = vec![part; parts];
        });
    }),
    Mutation::new(Rule::BlockSize, "more payments than a block holds", |scene| {
        let limit = scene.ledger.params().spec().block_size_limit;
        let first = scene.block.transactions.first().and_then(|payment| payment.inputs.first().copied());
        let coin = first.and_then(|outpoint| Some((outpoint, scene.ledger.coins().get(&outpoint)?.output)));
        scene.edit_transactions(|transactions| {
            transactions.clear();
            // each spends what the one before it left, in as many parts as allowed
            let mut next = coin;
            while let Some((outpoint, output)) = next
                && transactions.iter().map(Transaction::size).sum::<u64>() <= limit
            {
                let part = TxOut { value: Amount::from_grains(1), owner: classroom::owner(1) };
                let parts = (Transaction::MAX_SIZE - 16 - 100) / 40 - 1;
                let rest = TxOut { value: output.value.saturating_sub(Amount::from_grains(parts)), ..output };
                let mut outputs = vec![rest];
                outputs.extend((0..parts).map(|_| part));
                let payment =
                    Transaction { version: Transaction::VERSION, inputs: vec![outpoint], outputs, signatures: vec![] };
                next = Some((OutPoint { txid: payment.txid(), vout: 0 }, rest));
                transactions.push(payment);
            }
        });
    }),
];

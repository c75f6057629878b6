//! The answers of a store to every possible question.

use std::{collections::BTreeSet, fmt::Debug};

use crate::{block::Block, store::ChainStore, test_util::classroom, transaction::OutPoint};

/// A question in words, and its answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) question: String,
    pub(super) answer: String,
}

/// The number of owners whose coins are asked for: the classroom's keys, and those that blocks pay.
const OWNERS: u32 = classroom::KEYS + 8;

/// Asks a store every question about these blocks.
///
/// # Panics
/// When the store fails, or gives two answers to the same question.
pub(super) fn answers<S: ChainStore<Error: Debug>>(store: &S, blocks: &[Block]) -> Vec<Answer> {
    let mut all = Vec::new();
    let mut add = |question: String, answer: &dyn Debug| all.push(Answer { question, answer: format!("{answer:?}") });
    if let Some(stored) = fine(store.load()) {
        let mut seen = BTreeSet::from([blocks.first().map(Block::hash).unwrap_or_default()]);
        for (header, _) in &stored.headers {
            assert!(seen.contains(&header.previous), "load: the parent of {} comes after it", header.hash());
            seen.insert(header.hash());
        }
        let mut headers: Vec<_> =
            stored.headers.iter().map(|(header, bad)| (header.height, header.hash(), *bad)).collect();
        headers.sort_unstable();
        add("load: the headers, and which are invalid".into(), &headers);
        add("load: the tip".into(), &stored.tip);
        add("load: the state after it".into(), &stored.state);
    }
    let mut coins = Vec::new();
    fine(store.visit_coins(&mut |outpoint, coin| coins.push((*outpoint, *coin))));
    coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
    add("visit_coins: all coins".into(), &coins);
    for owner in (0..OWNERS).map(classroom::owner) {
        add(format!("coins_of {owner}"), &fine(store.coins_of(&owner)));
    }
    // and some above all that ever was
    let highest = blocks.iter().map(|block| block.header.height).max().unwrap_or_default();
    for height in (0..=highest + 2).chain([u64::MAX]) {
        add(format!("opening at height {height}"), &fine(store.opening(height)));
        add(format!("filter at height {height}"), &fine(store.filter(height)));
    }
    for block in blocks {
        let hash = block.hash();
        let body = fine(store.block(&hash));
        add(format!("block {hash}"), &body.as_ref().map(|body| (body.hash(), body.block(), body.ids())));
        add(format!("whether body_size knows block {hash}"), &fine(store.body_size(&hash)).is_some());
        add(format!("undo of block {hash}"), &fine(store.undo(&hash)).map(|undo| (sorted(undo.spent), undo.merged)));
        for (txid, _) in block.transaction_ids() {
            add(format!("find_transaction {txid}"), &fine(store.find_transaction(&txid)));
        }
        for outpoint in outpoints(block) {
            let coin = fine(store.coin(&outpoint));
            add(format!("coin {outpoint:?}"), &coin);
            add(format!("whether staged_coin {outpoint:?} is the coin"), &(fine(store.staged_coin(&outpoint)) == coin));
        }
    }
    add("waiting: the transactions that wait".into(), &fine(store.waiting()));
    all
}

/// Returns the outpoints of the coins that a block creates and spends.
fn outpoints(block: &Block) -> Vec<OutPoint> {
    let made_by_coinbase = block.coinbase.outpoints(block.coinbase.txid()).map(|(outpoint, _)| outpoint);
    let mut all: Vec<_> = made_by_coinbase.collect();
    for transaction in &block.transactions {
        all.extend(transaction.outpoints(transaction.txid()).map(|(outpoint, _)| outpoint));
        all.extend(&transaction.inputs);
    }
    all
}

fn sorted<T>(mut list: Vec<(OutPoint, T)>) -> Vec<(OutPoint, T)> {
    list.sort_unstable_by_key(|(outpoint, _)| *outpoint);
    list
}

/// Returns the answer of a store.
///
/// # Panics
/// When the store failed.
pub(super) fn fine<T, E: Debug>(answer: Result<T, E>) -> T {
    answer.unwrap_or_else(|error| panic!("the store failed: {error:?}"))
}

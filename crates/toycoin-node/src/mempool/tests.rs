//! Packages and orders that are updated with each change, compared with a full recomputation, and the selection for a
//! block with a slow and obvious one.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::Index};
use toycoin_core::{Amount, OutPoint, PublicKey, Transaction, TxOut, Txid};

use super::{
    entries::Entries,
    entry::{Entry, Newcomer},
    select::select,
};
use crate::machine::Monotonic;

/// Builds transaction `number` of a graph. It spends one output of each parent, and a coin of its own from the chain.
fn transaction(number: usize, parents: &BTreeSet<usize>, made: &[(Txid, Transaction)]) -> Transaction {
    let own = OutPoint { txid: Txid::ZERO, vout: u32::try_from(number).unwrap() };
    // output `number` of a parent belongs to child `number`, so no two children spend the same coin
    let inputs = parents.iter().map(|parent| OutPoint { txid: made[*parent].0, vout: own.vout });
    let output = TxOut { value: Amount::from_grains(1), owner: PublicKey::ZERO };
    let inputs = std::iter::once(own).chain(inputs).collect();
    Transaction { version: 1, inputs, outputs: vec![output; 24], signatures: Vec::new() }
}

fn assert_recomputed(entries: &Entries) {
    let all: Vec<(&Txid, &Entry)> = entries.iter().collect();
    for (txid, entry) in &all {
        let mut ancestors = entries.ancestors(&entry.transaction);
        ancestors.insert(**txid);
        assert_eq!(entry.ancestors, entries.package(&ancestors), "ancestors of {txid}");
        assert_eq!(entry.descendants, entries.package(&entries.descendants(txid)), "descendants of {txid}");
        for outpoint in &entry.transaction.inputs {
            assert_eq!(entries.spender(outpoint), Some(**txid));
        }
    }
    let keeping: BTreeSet<_> = entries.by_keeping().map(|(key, txid)| (*key, *txid)).collect();
    let mining: BTreeSet<_> = entries.by_mining().map(|(key, txid)| (*key, *txid)).collect();
    assert_eq!(keeping, all.iter().map(|(txid, entry)| (entry.keeping_key(), **txid)).collect());
    assert_eq!(mining, all.iter().map(|(txid, entry)| (entry.mining_key(), **txid)).collect());
    assert_eq!(entries.bytes(), all.iter().map(|(_, entry)| entry.transaction.size()).sum::<u64>());
}

/// Looks at all packages again for each one that it takes.
fn select_slowly(entries: &Entries, mut room: u64) -> Vec<Txid> {
    let (mut block, mut misfits) = (Vec::new(), BTreeSet::new());
    loop {
        let rest = |txid: &Txid, entry: &Entry| {
            let mut rest = entries.ancestors(&entry.transaction);
            rest.insert(*txid);
            rest.retain(|member| !block.contains(member));
            rest
        };
        let candidates = entries.iter().filter(|(txid, _)| !block.contains(*txid)).map(|(txid, entry)| {
            let rest = rest(txid, entry);
            (entry.mining_key_with(entries.package(&rest)), rest)
        });
        let best =
            candidates.filter(|(key, rest)| !misfits.contains(&(*key, rest.clone()))).min_by_key(|(key, _)| *key);
        let Some((key, rest)) = best else { return block };
        match room.checked_sub(entries.package(&rest).bytes) {
            Some(left) => {
                room = left;
                block.extend(entries.in_order(&rest).into_iter().map(|(txid, _)| txid));
            }
            None => drop(misfits.insert((key, rest))),
        }
    }
}

#[test]
fn package_with_the_rate_of_its_last_payment_counts_whole() {
    // the last payment's package comes before those of its parents, and has exactly its own rate
    let graph = [(vec![], 1_076), (vec![0], 2_890), (vec![0], 2_890), (vec![1, 2], 2 * 1_276)];
    let (mut entries, mut made) = (Entries::default(), Vec::new());
    for (number, (parents, fee)) in graph.into_iter().enumerate() {
        let transaction = transaction(number, &BTreeSet::from_iter(parents), &made);
        made.push((transaction.txid(), transaction.clone()));
        // an order that exists is kept up to date, and a key of the same rate stays in it
        assert_eq!(entries.by_mining().count(), number);
        let (transaction, fee) = (transaction.into(), Amount::from_grains(fee));
        entries.insert(Newcomer { transaction, fee, coinbase_height: 0, returned: false, since: Monotonic::ORIGIN });
    }
    let whole = entries.bytes();
    for room in [1_276, whole - 1, whole] {
        let selected = select(&entries, room);
        assert!(selected.iter().map(|payment| payment.size()).sum::<u64>() <= room);
        let selected: Vec<_> = selected.iter().map(|payment| payment.txid()).collect();
        assert_eq!(selected, select_slowly(&entries, room));
    }
}

proptest! {
    #[test]
    fn packages_and_selection_are_as_computed_from_nothing(
        graph in prop::collection::vec((prop::collection::vec(any::<Index>(), 0..3), 0u64..5_000), 1..24),
        steps in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<Index>(), 1..6)), 1..20),
        room in 0u64..30_000,
    ) {
        let mut made: Vec<(Txid, Transaction)> = Vec::new();
        for (number, (parents, _)) in graph.iter().enumerate() {
            let parents = if number == 0 { BTreeSet::new() } else { parents.iter().map(|p| p.index(number)).collect() };
            let transaction = transaction(number, &parents, &made);
            made.push((transaction.txid(), transaction));
        }
        let mut entries = Entries::default();
        for (back, chosen) in steps {
            let chosen: BTreeSet<usize> = chosen.iter().map(|index| index.index(made.len())).collect();
            if back {
                // parents may return below children that stayed
                let first = entries.arrivals_in_front(chosen.len());
                for (arrival, number) in (first..).zip(chosen) {
                    let (txid, transaction) = made[number].clone();
                    if !entries.contains(&txid) {
                        let fee = Amount::from_grains(graph[number].1);
                        let (transaction, since) = (transaction.into(), Monotonic::ORIGIN);
                        let newcomer = Newcomer { transaction, fee, coinbase_height: 0, returned: true, since };
                        entries.put(newcomer, arrival);
                    }
                }
            } else {
                entries.remove_all(&chosen.iter().map(|number| made[*number].0).filter(|txid| entries.contains(txid)).collect());
            }
            assert_recomputed(&entries);
            let selected: Vec<_> = select(&entries, room).iter().map(|transaction| transaction.txid()).collect();
            assert_eq!(selected, select_slowly(&entries, room));
        }
    }
}

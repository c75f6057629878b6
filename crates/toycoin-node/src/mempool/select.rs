//! Choosing a block's transactions.

use std::collections::BTreeSet;

use toycoin_core::{Amount, Transaction, Txid};

use crate::mempool::entries::{Entries, compare_rates};

/// Chooses packages, a transaction with all that it spends from, by their fee rate; of equals the first that came.
///
/// So a child that pays well takes its poor parent along.
pub(super) fn select(entries: &Entries, max_bytes: u64) -> Vec<Transaction> {
    let mut packages: Vec<(Txid, (Amount, u64), u64)> = entries
        .iter()
        .map(|(txid, entry)| {
            let mut package = entries.ancestors(&entry.transaction);
            package.insert(*txid);
            (*txid, entries.worth(&package), entry.arrival)
        })
        .collect();
    packages.sort_by(|one, other| compare_rates(other.1, one.1).then(one.2.cmp(&other.2)));

    let mut chosen: BTreeSet<Txid> = BTreeSet::new();
    let mut block = Vec::new();
    let mut room = max_bytes;
    for (txid, ..) in packages {
        let Some(entry) = entries.get(&txid).filter(|_| !chosen.contains(&txid)) else { continue };
        let mut package = entries.ancestors(&entry.transaction);
        package.insert(txid);
        package.retain(|member| !chosen.contains(member));
        let (_, size) = entries.worth(&package);
        if size > room {
            continue;
        }
        room -= size;
        let mut members: Vec<_> = package.iter().filter_map(|txid| entries.get(txid)).collect();
        // a parent came before its children, or it would not be their parent here
        members.sort_by_key(|member| member.arrival);
        block.extend(members.into_iter().map(|member| member.transaction.clone()));
        chosen.append(&mut package);
    }
    block
}

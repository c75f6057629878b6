//! The orphan pool: transactions whose parents have not come yet.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{IdentifiedTransaction, OutPoint, Txid, Wtxid};

use crate::limits;

/// A peer's transaction that spends unknown coins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The transaction. Its signatures are not verified.
    pub transaction: IdentifiedTransaction,
    /// The number of the peer that sent it.
    pub source: u64,
}

/// The orphan pool's transactions, in the order of arrival. The oldest make room.
///
/// The key is the wtxid, so that a copy with invalid signatures does not keep the honest one out. Coins and ids are
/// indexed. So a block or a parent costs only what it unblocks, however many inputs strangers invent.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    by_arrival: BTreeMap<u64, Orphan>,
    by_wtxid: BTreeSet<Wtxid>,
    by_txid: BTreeSet<(Txid, u64)>,
    by_coin: BTreeSet<(OutPoint, u64)>,
    arrivals: u64,
    /// Orphans whose coins may exist now. They are collected while the pool follows a move of the tip.
    unblocked: Vec<Orphan>,
}

impl Orphans {
    pub(super) fn len(&self) -> usize {
        self.by_arrival.len()
    }

    /// Returns the orphans in the order of arrival.
    pub(super) fn iter(&self) -> impl Iterator<Item = &IdentifiedTransaction> {
        self.by_arrival.values().map(|orphan| &orphan.transaction)
    }

    /// Returns the number of orphans of the peer that has most.
    #[cfg(feature = "test-util")]
    pub(super) fn most_of_a_peer(&self) -> usize {
        let mut counts = BTreeMap::new();
        for orphan in self.by_arrival.values() {
            *counts.entry(orphan.source).or_insert(0) += 1;
        }
        counts.into_values().max().unwrap_or(0)
    }

    /// Returns whether a transaction is an orphan here, with any signatures.
    pub(super) fn contains(&self, txid: &Txid) -> bool {
        self.arrivals_of(txid).next().is_some()
    }

    /// Inserts an orphan. One that is already here keeps its position.
    pub(super) fn insert(&mut self, orphan: Orphan) {
        let wtxid = orphan.transaction.wtxid();
        if self.by_wtxid.contains(&wtxid) {
            return;
        }
        let same = |other: &(&u64, &Orphan)| other.1.source == orphan.source;
        let of_peer = self.by_arrival.iter().filter(same).count();
        if of_peer >= limits::ORPHANS_A_PEER
            && let Some(oldest) = self.by_arrival.iter().find(same).map(|(arrival, _)| *arrival)
        {
            self.take(oldest);
        }
        if self.len() >= limits::ORPHANS
            && let Some((oldest, _)) = self.by_arrival.first_key_value()
        {
            self.take(*oldest);
        }
        let arrival = self.arrivals;
        self.arrivals += 1;
        self.by_wtxid.insert(wtxid);
        self.by_txid.insert((orphan.transaction.txid(), arrival));
        self.by_coin.extend(orphan.transaction.inputs.iter().map(|outpoint| (*outpoint, arrival)));
        self.by_arrival.insert(arrival, orphan);
    }

    /// Removes a transaction, with any signatures.
    pub(super) fn remove(&mut self, txid: &Txid) {
        for arrival in self.arrivals_of(txid).collect::<Vec<_>>() {
            self.take(arrival);
        }
    }

    /// Removes a peer's orphans.
    pub(super) fn remove_source(&mut self, source: u64) {
        self.unblocked.retain(|orphan| orphan.source != source);
        let of_peer = self.by_arrival.iter().filter(|(_, orphan)| orphan.source == source);
        for arrival in of_peer.map(|(arrival, _)| *arrival).collect::<Vec<_>>() {
            self.take(arrival);
        }
    }

    /// Takes the orphans that spend a coin, the oldest first.
    pub(super) fn take_spenders(&mut self, outpoint: &OutPoint) -> Vec<Orphan> {
        self.take_spenders_in(*outpoint, *outpoint)
    }

    /// Takes the orphans that spend from a transaction, the oldest first.
    pub(super) fn take_children_of(&mut self, parent: &Txid) -> Vec<Orphan> {
        let outpoint = |vout| OutPoint { txid: *parent, vout };
        self.take_spenders_in(outpoint(0), outpoint(u32::MAX))
    }

    /// Moves the orphans that spend from a transaction to the unblocked ones.
    pub(super) fn unblock_children_of(&mut self, parent: &Txid) {
        let children = self.take_children_of(parent);
        self.unblocked.extend(children);
    }

    /// Moves the orphans that spend a coin to the unblocked ones.
    pub(super) fn unblock_spenders(&mut self, outpoint: &OutPoint) {
        let spenders = self.take_spenders(outpoint);
        self.unblocked.extend(spenders);
    }

    /// Takes the unblocked orphans.
    pub(super) fn take_unblocked(&mut self) -> Vec<Orphan> {
        std::mem::take(&mut self.unblocked)
    }

    fn take_spenders_in(&mut self, first: OutPoint, last: OutPoint) -> Vec<Orphan> {
        let spenders: BTreeSet<_> =
            self.by_coin.range((first, 0)..=(last, u64::MAX)).map(|(_, arrival)| *arrival).collect();
        spenders.into_iter().filter_map(|arrival| self.take(arrival)).collect()
    }

    fn arrivals_of(&self, txid: &Txid) -> impl Iterator<Item = u64> {
        self.by_txid.range((*txid, 0)..=(*txid, u64::MAX)).map(|(_, arrival)| *arrival)
    }

    fn take(&mut self, arrival: u64) -> Option<Orphan> {
        let orphan = self.by_arrival.remove(&arrival)?;
        self.by_wtxid.remove(&orphan.transaction.wtxid());
        self.by_txid.remove(&(orphan.transaction.txid(), arrival));
        for outpoint in &orphan.transaction.inputs {
            self.by_coin.remove(&(*outpoint, arrival));
        }
        Some(orphan)
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Amount, PublicKey, Signature, Transaction, TxOut};

    use super::*;

    fn coin(number: u64, vout: u32) -> OutPoint {
        let mut txid = [0; 32];
        txid[..8].copy_from_slice(&number.to_le_bytes());
        OutPoint { txid: Txid::from_bytes(txid), vout }
    }

    fn orphan(inputs: Vec<OutPoint>, source: u64, signature: u8) -> Orphan {
        let outputs = vec![TxOut { value: Amount::from_grains(1), owner: PublicKey::ZERO }];
        let signatures = vec![Signature::from_bytes([signature; 64]); inputs.len()];
        Orphan { transaction: Transaction { version: 1, inputs, outputs, signatures }.into(), source }
    }

    fn assert_empty(orphans: &Orphans) {
        assert!(orphans.by_arrival.is_empty() && orphans.by_wtxid.is_empty());
        assert!(orphans.by_txid.is_empty() && orphans.by_coin.is_empty());
    }

    #[test]
    fn children_of_any_output_are_taken_once_and_in_order() {
        let mut orphans = Orphans::default();
        let both = orphan(vec![coin(1, 0), coin(1, u32::MAX), coin(2, 0)], 7, 1);
        let one = orphan(vec![coin(1, 3)], 8, 1);
        let other = orphan(vec![coin(2, 5)], 8, 1);
        for orphan in [&both, &one, &other] {
            orphans.insert(orphan.clone());
        }
        assert_eq!(orphans.take_children_of(&coin(1, 0).txid), [both, one]);
        assert_eq!(orphans.take_spenders(&coin(2, 4)), []);
        assert_eq!(orphans.take_spenders(&coin(2, 5)), [other]);
        assert_empty(&orphans);
    }

    #[test]
    fn one_with_other_signatures_waits_beside_and_goes_along() {
        let mut orphans = Orphans::default();
        let (bad, good) = (orphan(vec![coin(1, 0)], 1, 0), orphan(vec![coin(1, 0)], 2, 1));
        let txid = bad.transaction.txid();
        assert_eq!(txid, good.transaction.txid());
        for _ in 0..3 {
            orphans.insert(bad.clone());
            orphans.insert(good.clone());
        }
        assert_eq!(orphans.len(), 2);
        assert!(orphans.contains(&txid));
        orphans.remove(&txid);
        assert_empty(&orphans);
    }

    #[test]
    fn the_oldest_make_room_of_a_peer_first() {
        let mut orphans = Orphans::default();
        let number = |peer: u64, number: u64| orphan(vec![coin(peer * 1_000 + number, 0)], peer, 1);
        for peer in 0..6 {
            for sent in 0..=limits::ORPHANS_A_PEER as u64 {
                orphans.insert(number(peer, sent));
                assert!(orphans.len() <= limits::ORPHANS && orphans.most_of_a_peer() <= limits::ORPHANS_A_PEER);
            }
        }
        assert_eq!(orphans.len(), limits::ORPHANS);
        assert!(!orphans.contains(&number(5, 0).transaction.txid()), "its peer sent one too many");
        assert!(orphans.contains(&number(5, 1).transaction.txid()));
        assert!(!orphans.contains(&number(1, 25).transaction.txid()), "the oldest of all");
        for peer in 0..6 {
            orphans.remove_source(peer);
        }
        assert_empty(&orphans);
    }
}

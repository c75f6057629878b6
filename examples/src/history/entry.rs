//! A transaction that concerns the wallet, and how the wallet sees it.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{
    Amount, OutPoint, PublicKey, Transaction, Txid,
    wallet::{HistoryEntry, Wallet},
};

use super::{
    row::{Change, Kind, Row},
    wanted::Wanted,
};

/// A transaction that concerns the wallet, before anything is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Its place in the chain; without a height while it is pending.
    pub(super) height: Option<u64>,
    pub(super) txid: Txid,
    received: Amount,
    spent: Amount,
    is_coinbase: bool,
    balance: Amount,
    /// The transaction, if it is pending.
    pub(super) pending: Option<&'a Transaction>,
    /// The fee, if it is pending and the wallet knows all coins that it spends.
    pending_fee: Option<Amount>,
}

/// Returns the wanted entries, the oldest first.
pub(super) fn entries<'a>(wallet: &Wallet, wanted: &Wanted<'a>) -> Vec<Entry<'a>> {
    let mut balance = Amount::ZERO;
    let mut entries = Vec::new();
    for HistoryEntry { txid, height, received, spent, coinbase } in wallet.history().iter().copied() {
        balance = balance.saturating_add(received).saturating_sub(spent);
        let (height, is_coinbase) = (Some(height), coinbase);
        entries.push(Entry { height, txid, received, spent, is_coinbase, balance, pending: None, pending_fee: None });
    }
    if !wanted.pending.is_empty() {
        let mut known: BTreeSet<_> = wallet.history().iter().map(|entry| entry.txid).collect();
        let mut coins: BTreeMap<OutPoint, Amount> = BTreeMap::new();
        for transaction in wanted.pending {
            let txid = transaction.txid();
            if !known.insert(txid) {
                continue;
            }
            let own: Vec<_> =
                transaction.outpoints(txid).filter(|(_, output)| wallet.owners().contains(&output.owner)).collect();
            let received: Amount = own.iter().map(|(_, output)| output.value).sum();
            coins.extend(own.iter().map(|(outpoint, output)| (*outpoint, output.value)));
            let value = |outpoint| coins.get(outpoint).copied().or_else(|| wallet.value_of(outpoint));
            let values: Vec<_> = transaction.inputs.iter().map(value).collect();
            let spent: Amount = values.iter().flatten().copied().sum();
            if received == Amount::ZERO && spent == Amount::ZERO {
                continue;
            }
            let is_own = values.iter().all(Option::is_some);
            let pending_fee = is_own.then(|| spent.saturating_sub(paid_by(transaction)));
            balance = balance.saturating_add(received).saturating_sub(spent);
            let pending = Some(transaction);
            entries.push(Entry {
                height: None,
                txid,
                received,
                spent,
                is_coinbase: false,
                balance,
                pending,
                pending_fee,
            });
        }
    }
    let first = entries.len().saturating_sub(wanted.limit.unwrap_or(usize::MAX));
    entries.split_off(first)
}

fn paid_by(transaction: &Transaction) -> Amount {
    transaction.outputs.iter().map(|output| output.value).sum()
}

impl Entry<'_> {
    /// Returns whether it matters who paid: the wallet got something that it did not pay itself.
    pub(super) fn is_received(&self) -> bool {
        !self.is_coinbase && (self.spent == Amount::ZERO || self.received > self.spent)
    }

    /// Returns whether a coinbase did it.
    pub(super) const fn is_coinbase(&self) -> bool {
        self.is_coinbase
    }

    /// Returns the row. `transaction` is `None` for a coinbase, and if it cannot be found; `payers` are those whose
    /// coins it spends, as far as they are known; `time_ms` is the time of its block, in milliseconds since 1970.
    pub(super) fn row(
        &self,
        wallet: &Wallet,
        transaction: Option<&Transaction>,
        payers: &[PublicKey],
        time_ms: Option<u64>,
        wanted: &Wanted<'_>,
    ) -> Row {
        let outputs = transaction.map_or(&[][..], |transaction| &transaction.outputs);
        let foreign = |owners: &mut dyn Iterator<Item = PublicKey>| {
            let mut seen = BTreeSet::new();
            owners.filter(|owner| !wallet.owners().contains(owner) && seen.insert(*owner)).collect::<Vec<_>>()
        };
        let payees = foreign(&mut outputs.iter().map(|output| output.owner));
        let (kind, others) = match () {
            () if self.is_coinbase && self.height == Some(0) => (Kind::Allotted, Vec::new()),
            () if self.is_coinbase => (Kind::Mined, Vec::new()),
            () if self.is_received() => (Kind::Received, foreign(&mut payers.iter().copied())),
            () if transaction.is_some() && payees.is_empty() => (Kind::ToMyself, payees),
            () => (Kind::Paid, payees),
        };
        // the value of other people's coins is not known
        let fee = transaction.filter(|_| self.spent > Amount::ZERO).and_then(|transaction| {
            let is_own = |outpoint| wallet.value_of(outpoint).is_some();
            let is_known = self.pending.is_none() && transaction.inputs.iter().all(is_own);
            if is_known { Some(self.spent.saturating_sub(paid_by(transaction))) } else { self.pending_fee }
        });
        Row {
            height: self.height,
            time: time_ms.map(|time| time / 1_000),
            txid: self.txid,
            kind,
            others,
            fee,
            change: Change::between(self.received, self.spent),
            balance: self.balance,
            label: (wanted.label)(&self.txid),
        }
    }
}

//! Writing a store: changes become a group, and each group becomes one transaction.

use std::sync::Arc;

use redb::{ReadableTable, WriteTransaction};
use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Txid, Work,
    store::{BlockUndo, ChainStore, ChainUpdate, StoredChain, WaitingTransaction},
    utxo::{Coin, UtxoView},
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::{
    limits,
    store::{
        RedbStore, StoreError,
        bodies::{FileOffset, Kind},
        pending::Pending,
        read::Reader,
        record::{damaged, seal_long},
        redb_store::begin_write,
        tables::*,
    },
};

impl UtxoView for RedbStore {
    type Error = StoreError;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        self.find_coin(outpoint)
    }
}

impl ChainStore for RedbStore {
    fn load(&self) -> Result<Option<StoredChain>, StoreError> {
        self.stored()
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), StoreError> {
        if !self.has_body(&block.hash())? {
            self.pending.insert(block);
        }
        self.write_if_enough()
    }

    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, StoreError> {
        self.find_block(hash)
    }

    fn body_size(&self, hash: &BlockHash) -> Result<Option<u64>, StoreError> {
        self.find_body_size(hash)
    }

    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, StoreError> {
        self.find_undo(hash)
    }

    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), StoreError> {
        self.pending.invalid.insert(*hash);
        Ok(())
    }

    fn commit(&mut self, update: ChainUpdate) -> Result<(), StoreError> {
        if self.stage.is_some() {
            return self.or_fail(|store| store.commit_staged(update));
        }
        self.note_bodies(&update)?;
        self.pending.commit(update);
        self.write_if_enough()
    }

    fn stage(&mut self, part: ChainUpdate) -> Result<(), StoreError> {
        self.or_fail(|store| store.stage_part(part))
    }

    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        self.find_staged_coin(outpoint)
    }

    fn unstage(&mut self) -> Result<(), StoreError> {
        self.or_fail(Self::drop_stage)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.is_synced() {
            return Ok(());
        }
        // a group that must be durable cannot wait for the end of a move in parts
        self.unstage()?;
        let blocks = self.pending.order.len().max(self.pending.connected.len());
        self.or_fail(Self::write_group)?;
        // during initial block download the space is needed again at once
        if blocks <= limits::FEW_BLOCKS { self.compact_if_bloated() } else { Ok(()) }
    }

    fn is_synced(&self) -> bool {
        match &self.stage {
            Some(_) => !self.pending.must_last(),
            None => self.pending.is_empty() && self.unindexed.is_empty(),
        }
    }

    fn check_integrity(&mut self, missing: Option<&OutPoint>) -> Result<(), StoreError> {
        self.or_fail(|store| store.compare_pages(missing))
    }

    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), StoreError> {
        self.pending.waiting = Some(waiting);
        Ok(())
    }

    fn waiting(&self) -> Result<Vec<WaitingTransaction>, StoreError> {
        self.waiting_transactions()
    }

    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, StoreError> {
        self.find_place(txid)
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), StoreError> {
        self.each_coin(visit)
    }

    fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, StoreError> {
        self.owned_coins(owner)
    }
}

impl RedbStore {
    fn write_if_enough(&mut self) -> Result<(), StoreError> {
        let Pending { order, connected, bytes, .. } = &self.pending;
        let enough = order.len().max(connected.len()) >= limits::GROUP_BLOCKS || *bytes >= limits::GROUP_BYTES;
        match (enough, &self.stage) {
            (false, _) => Ok(()),
            (true, None) => self.or_fail(Self::write_group),
            (true, Some(_)) => self.or_fail(Self::stage_bodies),
        }
    }

    /// Runs an operation. If it fails, the store is neither read nor written until it is opened again, because the
    /// state on disk is unknown.
    fn or_fail<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        act(self).map_err(|error| {
            self.reader = None;
            self.stage = None;
            error.within(self.directory())
        })
    }

    /// Stores the bodies of a move that are not stored yet.
    pub(super) fn note_bodies(&mut self, update: &ChainUpdate) -> Result<(), StoreError> {
        for connected in &update.connected {
            if !self.has_body(&connected.block.hash())? {
                self.pending.insert(&connected.block);
            }
        }
        Ok(())
    }

    fn has_body(&self, hash: &BlockHash) -> Result<bool, StoreError> {
        let is_new = self.pending.bodies.contains_key(hash) || self.unindexed.contains_key(hash);
        Ok(is_new || self.reader()?.block(hash)?.is_some())
    }

    /// Writes the group: bodies and undo data first, then the transaction that makes them valid.
    pub(super) fn write_group(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() && self.unindexed.is_empty() {
            return Ok(());
        }
        let pending = &self.pending;
        tracing::debug!(bodies = pending.order.len(), connected = pending.connected.len(), "writing a group");
        let mut written = self.write_records(pending)?;
        // bodies of a part that was written before its transaction was rolled back
        written.bodies.extend(self.unindexed.iter().map(|(hash, record)| (*hash, *record)));
        // a reader of the old state would keep its pages from being used again
        self.reader = None;
        let transaction = begin_write(&self.database)?;
        write_tables(&transaction, pending, &written, self.bodies.end() + written.length)?;
        transaction.commit()?;
        tracing::debug!(bytes = written.length, index = self.length.get(), "the group is durable");
        self.bodies.advance(written.length);
        self.unindexed.clear();
        let reader = Reader::new(&self.database)?;
        self.pending = Pending::new(reader.active_blocks()?);
        self.reader = Some(reader);
        Ok(())
    }

    /// Writes a group's bodies and undo data after the valid part of the file, and makes them durable.
    pub(super) fn write_records(&self, group: &Pending) -> Result<Written, StoreError> {
        let mut batch = Vec::new();
        let mut bodies = Vec::with_capacity(group.order.len());
        for hash in &group.order {
            let Some(block) = group.bodies.get(hash) else { continue };
            let body = self.put(&mut batch, Kind::Body, block.block())?;
            let (header, invalid) = (block.block().header, group.invalid.contains(hash));
            bodies.push((*hash, BlockRecord { header, invalid, body }));
        }
        let mut undo = Vec::with_capacity(group.connected.len());
        for (_, data) in &group.connected {
            undo.push(self.put(&mut batch, Kind::Undo, data)?);
        }
        self.bodies.write(&batch)?;
        Ok(Written { bodies, undo, length: batch.len() as u64 })
    }

    /// Writes the last group when the store is dropped, and compacts the database if much of it is free.
    fn close(&mut self) -> Result<(), StoreError> {
        self.unstage()?;
        self.sync()?;
        self.compact_if_bloated()?;
        self.keep_packed()
    }

    fn put<T: serde::Serialize>(&self, batch: &mut Vec<u8>, kind: Kind, value: &T) -> Result<FileOffset, StoreError> {
        let bytes = codec::encode(value, MAX_DECODE).map_err(|error| StoreError::Database(error.to_string()))?;
        Ok(self.bodies_file().put(batch, kind, &bytes))
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        // a store that failed must not write again; a caller that needs the error calls sync before
        if self.reader.is_some()
            && let Err(error) = self.close()
        {
            tracing::error!(%error, "the last blocks were not written");
        }
    }
}

/// Locations of a group's bodies and undo data.
pub(super) struct Written {
    pub(super) bodies: Vec<(BlockHash, BlockRecord)>,
    undo: Vec<FileOffset>,
    /// Length of all of them, in bytes.
    pub(super) length: u64,
}

/// Writes a group into the tables. `end` is the end of the bodies' file with this group.
pub(super) fn write_tables(
    transaction: &WriteTransaction,
    group: &Pending,
    written: &Written,
    end: u64,
) -> Result<(), StoreError> {
    write_blocks(transaction, group, &written.bodies)?;
    write_active(transaction, group, &written.undo)?;
    write_coins(transaction, group)?;
    write_transactions(transaction, group)?;
    write_waiting(transaction, group)?;
    let mut meta = transaction.open_table(META)?;
    let end = seal_long("meta", BODIES_END_KEY.as_bytes(), end.to_le_bytes().to_vec());
    meta.insert(BODIES_END_KEY, end.as_slice())?;
    if let Some((tip, state)) = &group.tip {
        meta.insert(TIP_KEY, tip_to_bytes(tip, state).as_slice())?;
    }
    Ok(())
}

fn write_blocks(
    transaction: &WriteTransaction,
    pending: &Pending,
    bodies: &[(BlockHash, BlockRecord)],
) -> Result<(), StoreError> {
    let mut blocks = transaction.open_table(BLOCKS)?;
    let mut sorted: Vec<_> = bodies.iter().collect();
    sorted.sort_unstable_by_key(|(hash, _)| *hash);
    for (hash, record) in sorted {
        blocks.insert(hash.as_bytes(), &record.to_bytes(hash))?;
    }
    for hash in pending.invalid.iter().filter(|hash| !pending.bodies.contains_key(hash)) {
        let found = blocks.get(hash.as_bytes())?;
        let record = found.map(|bytes| BlockRecord::from_bytes(hash.as_bytes(), bytes.value())).transpose()?;
        if let Some(record) = record {
            let record = BlockRecord { invalid: true, ..record };
            blocks.insert(hash.as_bytes(), &record.to_bytes(hash))?;
        }
    }
    Ok(())
}

fn write_active(transaction: &WriteTransaction, pending: &Pending, undo: &[FileOffset]) -> Result<(), StoreError> {
    if pending.tip.is_none() {
        return Ok(());
    }
    let mut active = transaction.open_table(ACTIVE)?;
    let mut work = match pending.standing.checked_sub(1) {
        Some(height) => {
            let below = active.get(height)?.map(|bytes| ActiveRecord::from_bytes(height, bytes.value())).transpose()?;
            below.ok_or_else(|| damaged("active", &height.to_be_bytes(), "it is not there"))?.work
        }
        None => Work::default(),
    };
    active.retain_in(pending.standing.., |_, _| false)?;
    for (height, ((block, _), undo)) in (pending.standing..).zip(pending.connected.iter().zip(undo)) {
        let own = block.block().header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        work = work + own;
        let record = ActiveRecord { hash: block.hash(), work, undo: *undo };
        active.insert(height, &record.to_bytes(height))?;
    }
    Ok(())
}

fn write_coins(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let (mut coins, mut owners) = (transaction.open_table(COINS)?, transaction.open_table(OWNERS)?);
    let mut changes = Vec::new();
    for (outpoint, coin) in pending.diff.spent() {
        let key = outpoint_key(outpoint);
        if coins.remove(&key)?.is_none() {
            return Err(damaged("coins", &key, "a coin that was spent is not there"));
        }
        changes.push((owned_key(&coin.output.owner, &key), false));
    }
    for (outpoint, coin) in pending.diff.created() {
        let key = outpoint_key(outpoint);
        coins.insert(&key, &coin_to_bytes(&key, coin))?;
        changes.push((owned_key(&coin.output.owner, &key), true));
    }
    // in the order of keys, the removal of a coin before its creation
    changes.sort_unstable();
    for (key, made) in changes {
        if made {
            owners.insert(&key, ())?;
        } else {
            owners.remove(&key)?;
        }
    }
    Ok(())
}

fn write_transactions(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let mut transactions = transaction.open_table(TRANSACTIONS)?;
    for (txid, place) in &pending.transactions {
        match place {
            Some((height, place)) => {
                transactions.insert(txid.as_bytes(), &place_to_bytes(txid, *height, *place))?;
            }
            None => drop(transactions.remove(txid.as_bytes())?),
        }
    }
    Ok(())
}

fn write_waiting(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let Some(kept) = &pending.waiting else { return Ok(()) };
    let mut waiting = transaction.open_table(WAITING)?;
    waiting.retain(|_, _| false)?;
    for (place, kept) in (0u32..).zip(kept) {
        let mut value = vec![waiting_flags(kept)];
        codec::encode_into(&mut value, &kept.transaction, MAX_DECODE)
            .map_err(|error| StoreError::Database(error.to_string()))?;
        waiting.insert(place, seal_long("waiting", &place.to_be_bytes(), value).as_slice())?;
    }
    Ok(())
}

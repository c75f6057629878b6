//! Writing a store: changes become a group, and each group becomes one transaction.

use toycoin_core::{
    BlockHash,
    store::{ChainStore, ChainUpdate},
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::{
    limits,
    store::{
        RedbStore, StoreError,
        bodies::{FileOffset, Kind},
        database::begin_write,
        group::{Written, write_tables},
        pending::Pending,
        reader::Reader,
        tables::BlockRecord,
    },
};

impl RedbStore {
    pub(super) fn write_if_enough(&mut self) -> Result<(), StoreError> {
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
    pub(super) fn or_fail<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
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

    pub(super) fn has_body(&self, hash: &BlockHash) -> Result<bool, StoreError> {
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
        for connected in &group.connected {
            undo.push(self.put(&mut batch, Kind::Undo, &connected.undo)?);
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
        self.end_snapshots();
        // a store that failed must not write again; a caller that needs the error calls sync before
        if self.reader.is_some()
            && let Err(error) = self.close()
        {
            tracing::error!(%error, "the last blocks were not written");
        }
    }
}

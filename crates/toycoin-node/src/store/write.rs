//! Writing a store: changes become a group, and each group becomes one transaction.

use redb::Database;
use toycoin_core::{
    BlockHash,
    store::{ChainStore, ChainUpdate},
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::{
    limits,
    store::{
        RedbStore, StoreError,
        bodies::{Bodies, FileOffset, Kind},
        database::begin_write,
        group::{Written, write_tables},
        pending::Pending,
        reader::Reader,
        stage::Unindexed,
        tables::BlockRecord,
    },
};

impl RedbStore {
    pub(super) fn write_if_enough(&mut self) -> Result<(), StoreError> {
        let enough = self.pending.blocks() >= limits::GROUP_BLOCKS || self.pending.bytes >= limits::GROUP_BYTES;
        match (enough, &self.stage) {
            (_, None) if self.writes_behind => self.or_fail(|store| store.write_behind(enough)),
            (false, _) => Ok(()),
            (true, None) => self.or_fail(Self::write_group),
            (true, Some(_)) => self.or_fail(Self::stage_bodies),
        }
    }

    /// Runs an operation. If it fails, the store is neither read nor written until it is opened again, because the
    /// state on disk is unknown. Each later operation fails too: what was lost with the first one is never durable.
    pub(super) fn or_fail<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.reader()?;
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
        let is_new = self.held_block(hash).is_some() || self.unindexed.contains_key(hash);
        Ok(is_new || self.reader()?.block(hash)?.is_some())
    }

    /// Writes the group, after the one that is being written.
    pub(super) fn write_group(&mut self) -> Result<(), StoreError> {
        self.finish_writing()?;
        if self.pending.is_empty() && self.unindexed.is_empty() {
            return Ok(());
        }
        self.has_written_many |= self.pending.blocks() > limits::FEW_BLOCKS;
        // a reader of the old state would keep its pages from being used again
        self.reader = None;
        let bytes = write(&self.database, &self.bodies, &self.pending, &self.unindexed)?;
        self.is_written(bytes)?;
        self.pending = Pending::new(self.reader()?.active_blocks()?);
        Ok(())
    }

    /// Reads from now on what a group's transaction made valid.
    pub(super) fn is_written(&mut self, bytes: u64) -> Result<(), StoreError> {
        tracing::debug!(bytes, index = self.length.get(), "the group is durable");
        self.bodies.advance(bytes);
        self.unindexed.clear();
        self.reader = Some(Reader::new(&self.database)?);
        Ok(())
    }

    /// Writes the last group when the store is dropped, and compacts the database if much of it is free.
    fn close(&mut self) -> Result<(), StoreError> {
        self.unstage()?;
        self.sync()?;
        self.compact_if_bloated()?;
        self.keep_packed()
    }
}

/// Writes a group: bodies and undo data first, then the transaction that makes them valid. Returns the bytes by which
/// the bodies' file grew.
pub(super) fn write(
    database: &Database,
    bodies: &Bodies,
    group: &Pending,
    unindexed: &Unindexed,
) -> Result<u64, StoreError> {
    tracing::debug!(bodies = group.order.len(), connected = group.connected.len(), "writing a group");
    let mut written = write_records(bodies, group)?;
    // bodies of a part that was written before its transaction was rolled back
    written.bodies.extend(unindexed.iter().map(|(hash, record)| (*hash, *record)));
    let transaction = begin_write(database)?;
    write_tables(&transaction, group, &written, bodies.end() + written.length)?;
    transaction.commit()?;
    Ok(written.length)
}

/// Writes a group's bodies and undo data after the valid part of the file, and makes them durable.
pub(super) fn write_records(file: &Bodies, group: &Pending) -> Result<Written, StoreError> {
    let mut batch = Vec::new();
    let mut bodies = Vec::with_capacity(group.order.len());
    for hash in &group.order {
        let Some(block) = group.bodies.get(hash) else { continue };
        let body = put(file, &mut batch, Kind::Body, block.block())?;
        let (header, invalid) = (block.block().header, group.invalid.contains(hash));
        bodies.push((*hash, BlockRecord { header, invalid, body }));
    }
    let mut undo = Vec::with_capacity(group.connected.len());
    for connected in &group.connected {
        undo.push(put(file, &mut batch, Kind::Undo, &connected.undo)?);
    }
    file.write(&batch)?;
    Ok(Written { bodies, undo, length: batch.len() as u64 })
}

fn put<T: serde::Serialize>(
    file: &Bodies,
    batch: &mut Vec<u8>,
    kind: Kind,
    value: &T,
) -> Result<FileOffset, StoreError> {
    let encode = |batch: &mut Vec<u8>| codec::encode_into(batch, value, MAX_DECODE);
    file.put(batch, kind, encode).map_err(|error| StoreError::Database(error.to_string()))
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        self.end_snapshots();
        // its database must not be in use when the store is gone
        let is_written = self.finish_writing();
        if let Err(error) = is_written {
            tracing::error!(%error, "the last blocks were not written");
            self.reader = None;
        }
        // a store that failed must not write again; a caller that needs the error calls sync before
        if self.reader.is_some()
            && let Err(error) = self.close()
        {
            tracing::error!(%error, "the last blocks were not written");
        }
    }
}

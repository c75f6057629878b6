//! A move of the tip that arrives in parts: one transaction of the database, open until the last part has come.
//!
//! ```text
//!   stage ──▶ undo data: blocks.dat      coins, active, transactions: pages that the database writes beside the old ones
//!   commit ─▶ fsync, two phases          from now on the new pages count
//!   unstage, a crash                     they never did
//! ```
//!
//! Readers see the state before the transaction until it is committed. The database writes out its pages when they fill
//! its cache, so neither the depth of the move nor its rollback needs memory. The database keeps some 30 bytes for each
//! page that it rewrote.

use redb::ReadableTable;
use toycoin_core::{OutPoint, store::ChainUpdate, utxo::Coin};

use crate::store::{
    RedbStore, StoreError,
    database::begin_write,
    group::write_tables,
    pending::Pending,
    reader::Reader,
    stage::Stage,
    tables::{COINS, coin_from_bytes, outpoint_key},
    write::write_records,
};

impl RedbStore {
    /// Writes a part of a move into the open transaction. The first part begins the transaction.
    pub(super) fn stage_part(&mut self, part: ChainUpdate) -> Result<(), StoreError> {
        if self.stage.is_none() {
            // earlier changes are committed by themselves
            self.write_group()?;
            let blocks = self.reader()?.active_blocks()?;
            self.stage = Some(Stage { transaction: begin_write(&self.database)?, blocks });
        }
        self.note_bodies(&part)?;
        let mut group = self.take_pending();
        group.commit(part);
        self.write_staged(&group)
    }

    /// Writes bodies that arrived meanwhile into the open transaction.
    pub(super) fn stage_bodies(&mut self) -> Result<(), StoreError> {
        let group = self.take_pending();
        self.write_staged(&group)
    }

    /// Writes the last part, and commits all parts.
    pub(super) fn commit_staged(&mut self, last: ChainUpdate) -> Result<(), StoreError> {
        self.stage_part(last)?;
        let Some(Stage { transaction, .. }) = self.stage.take() else { return Ok(()) };
        // a reader of the old state would keep its pages from being used again
        self.reader = None;
        transaction.commit()?;
        tracing::debug!(index = self.length.get(), "a move in stages is durable");
        self.unindexed.clear();
        let reader = Reader::new(&self.database)?;
        self.pending.standing = reader.active_blocks()?;
        self.reader = Some(reader);
        Ok(())
    }

    /// Rolls the open transaction back. The next group enters its bodies into the index.
    pub(super) fn drop_stage(&mut self) -> Result<(), StoreError> {
        match self.stage.take() {
            Some(Stage { transaction, .. }) => Ok(transaction.abort()?),
            None => Ok(()),
        }
    }

    pub(super) fn find_staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        let Some(stage) = &self.stage else { return self.find_coin(outpoint) };
        let key = outpoint_key(outpoint);
        let coins = stage.transaction.open_table(COINS)?;
        let found = coins.get(&key)?;
        found.map(|bytes| coin_from_bytes(&key, bytes.value())).transpose()
    }

    /// Takes the pending changes and begins a group on top of the open transaction. The marks of invalid blocks stay
    /// pending, because they must outlast that transaction.
    fn take_pending(&mut self) -> Pending {
        let standing = self.pending.standing;
        let mut group = std::mem::replace(&mut self.pending, Pending::new(standing));
        std::mem::swap(&mut self.pending.invalid, &mut group.invalid);
        group.standing = self.stage.as_ref().map_or(standing, |stage| stage.blocks);
        group
    }

    fn write_staged(&mut self, group: &Pending) -> Result<(), StoreError> {
        let written = write_records(&self.bodies, group)?;
        self.bodies.advance(written.length);
        self.unindexed.extend(written.bodies.iter().copied());
        let Some(stage) = &mut self.stage else { return Ok(()) };
        stage.blocks = group.standing + group.connected.len() as u64;
        tracing::debug!(height = stage.blocks.saturating_sub(1), bytes = written.length, "a stage is written");
        write_tables(&stage.transaction, group, &written, self.bodies.end())
    }
}

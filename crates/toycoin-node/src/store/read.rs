//! Reading a store: pending changes first, then the state on disk.

use std::{path::Path, sync::Arc};

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableError};
use toycoin_core::{
    Block, BlockHash, CheckedBlock, OutPoint, PublicKey, Transaction, Txid,
    state::ChainState,
    store::{BlockUndo, StoredChain, WaitingTransaction},
    utxo::Coin,
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::store::{
    INDEX_FILE, RedbStore, StoreError,
    bodies::{Bodies, Kind},
    record::{Fields, damaged},
    redb_store::Head,
    tables::*,
};

/// The database's state after the last transaction.
pub(super) struct Reader {
    pub(super) meta: ReadOnlyTable<&'static str, &'static [u8]>,
    pub(super) blocks: ReadOnlyTable<&'static [u8; 32], &'static [u8; BLOCK]>,
    pub(super) active: ReadOnlyTable<u64, &'static [u8; ACTIVE_BLOCK]>,
    pub(super) coins: ReadOnlyTable<&'static [u8; OUTPOINT], &'static [u8; COIN]>,
    pub(super) owners: ReadOnlyTable<&'static [u8; OWNED], ()>,
    pub(super) transactions: ReadOnlyTable<&'static [u8; 32], &'static [u8; PLACE]>,
    pub(super) waiting: ReadOnlyTable<u32, &'static [u8]>,
}

impl Reader {
    pub(super) fn new(database: &Database) -> Result<Self, StoreError> {
        let transaction = database.begin_read()?;
        Ok(Self {
            meta: transaction.open_table(META)?,
            blocks: transaction.open_table(BLOCKS)?,
            active: transaction.open_table(ACTIVE)?,
            coins: transaction.open_table(COINS)?,
            owners: transaction.open_table(OWNERS)?,
            transactions: transaction.open_table(TRANSACTIONS)?,
            waiting: transaction.open_table(WAITING)?,
        })
    }

    /// Returns the values that identify a database; `None` for a new one.
    pub(super) fn head(database: &Database) -> Result<Option<Head>, StoreError> {
        let meta = match database.begin_read()?.open_table(META) {
            Ok(meta) => meta,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(TableError::TableTypeMismatch { .. } | TableError::TypeDefinitionChanged { .. }) => {
                return Err(StoreError::damaged(INDEX_FILE, "its tables are another program's"));
            }
            Err(error) => return Err(error.into()),
        };
        Head::parse(|key| Ok(meta.get(key)?.map(|value| value.value().to_vec())))
    }

    pub(super) fn active_blocks(&self) -> Result<u64, StoreError> {
        Ok(self.active.len()?)
    }

    /// Returns what the database needed when that was last measured, in bytes; 0 if it never was.
    pub(super) fn packed(&self) -> Result<u64, StoreError> {
        let value = self.meta.get(PACKED_KEY)?;
        value.map_or(Ok(0), |bytes| Fields::open("meta", PACKED_KEY.as_bytes(), bytes.value())?.u64())
    }

    pub(super) fn tip(&self) -> Result<Option<(BlockHash, ChainState)>, StoreError> {
        self.meta.get(TIP_KEY)?.map(|bytes| tip_from_bytes(bytes.value())).transpose()
    }

    pub(super) fn block(&self, hash: &BlockHash) -> Result<Option<BlockRecord>, StoreError> {
        let found = self.blocks.get(hash.as_bytes())?;
        found.map(|bytes| BlockRecord::from_bytes(hash.as_bytes(), bytes.value())).transpose()
    }

    pub(super) fn active(&self, height: u64) -> Result<Option<ActiveRecord>, StoreError> {
        self.active.get(height)?.map(|bytes| ActiveRecord::from_bytes(height, bytes.value())).transpose()
    }

    pub(super) fn coin(&self, key: &[u8; OUTPOINT]) -> Result<Option<Coin>, StoreError> {
        self.coins.get(key)?.map(|bytes| coin_from_bytes(key, bytes.value())).transpose()
    }

    pub(super) fn place(&self, txid: &Txid) -> Result<Option<(u64, u32)>, StoreError> {
        let found = self.transactions.get(txid.as_bytes())?;
        found.map(|bytes| place_from_bytes(txid.as_bytes(), bytes.value())).transpose()
    }
}

impl RedbStore {
    pub(super) fn reader(&self) -> Result<&Reader, StoreError> {
        // a failed write leaves no reader
        self.reader.as_ref().ok_or_else(|| StoreError::Database("an earlier write failed".into()))
    }

    pub(super) fn stored(&self) -> Result<Option<StoredChain>, StoreError> {
        let reader = self.reader()?;
        let stored = if self.pending.tip.is_some() { self.pending.tip.clone() } else { reader.tip()? };
        let Some((tip, state)) = stored else { return Ok(None) };
        let mut headers = Vec::with_capacity(usize::try_from(reader.blocks.len()?).unwrap_or(0));
        for entry in reader.blocks.iter()? {
            let (key, value) = entry?;
            let record = BlockRecord::from_bytes(key.value(), value.value())?;
            let hash = BlockHash::from_bytes(*key.value());
            if record.header.hash() != hash {
                return Err(damaged("blocks", hash.as_bytes(), "its header has another hash"));
            }
            let invalid = record.invalid || self.pending.invalid.contains(&hash);
            headers.push((record.header, invalid, record.body.at));
        }
        for (hash, record) in &self.unindexed {
            headers.push((record.header, self.pending.invalid.contains(hash), record.body.at));
        }
        for (place, hash) in (0..).zip(&self.pending.order) {
            if let Some(block) = self.pending.bodies.get(hash) {
                headers.push((block.block().header, self.pending.invalid.contains(hash), self.bodies.end() + place));
            }
        }
        headers.retain(|(header, ..)| header.height > 0);
        // a body may have come before its parent's: sorting by height puts parents first, and equals keep the order of
        // arrival
        headers.sort_unstable_by_key(|(header, _, at)| (header.height, *at));
        let headers = headers.into_iter().map(|(header, invalid, _)| (header, invalid)).collect();
        Ok(Some(StoredChain { headers, tip, state }))
    }

    pub(super) fn find_block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, StoreError> {
        if let Some(block) = self.pending.bodies.get(hash) {
            return Ok(Some(Arc::clone(block)));
        }
        let Some(record) = self.record_of(hash)? else { return Ok(None) };
        self.read_body(hash, &record).map(|block| Some(Arc::new(block)))
    }

    /// Returns the record of a written body, whether or not the index has it yet.
    fn record_of(&self, hash: &BlockHash) -> Result<Option<BlockRecord>, StoreError> {
        match self.unindexed.get(hash) {
            Some(record) => Ok(Some(*record)),
            None => self.reader()?.block(hash),
        }
    }

    pub(super) fn find_body_size(&self, hash: &BlockHash) -> Result<Option<u64>, StoreError> {
        if let Some(block) = self.pending.bodies.get(hash) {
            return Ok(Some(block.block().size()));
        }
        Ok(self.record_of(hash)?.map(|record| record.body.length.into()))
    }

    /// Reads a body and hashes it again.
    pub(super) fn read_body(&self, hash: &BlockHash, record: &BlockRecord) -> Result<CheckedBlock, StoreError> {
        let name = format!("block {hash}");
        let bytes = self.bodies.read(record.body, Kind::Body, &name)?;
        let damaged = |reason: String| StoreError::damaged(&name, reason);
        let block: Block = codec::decode(&bytes, MAX_DECODE).map_err(|error| damaged(error.to_string()))?;
        let checked = block.check(&self.params).map_err(|error| damaged(error.to_string()))?;
        if checked.hash() != *hash {
            return Err(damaged(format!("its hash is {}", checked.hash())));
        }
        Ok(checked)
    }

    pub(super) fn find_undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, StoreError> {
        if let Some(place) = self.pending.places.get(hash) {
            return Ok(self.pending.connected.get(*place).map(|(_, undo)| undo.clone()));
        }
        let reader = self.reader()?;
        let Some(record) = reader.block(hash)? else { return Ok(None) };
        let height = record.header.height;
        if height >= self.pending.standing {
            return Ok(None);
        }
        match reader.active(height)? {
            Some(active) if active.hash == *hash => self.read_undo(&active).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn read_undo(&self, active: &ActiveRecord) -> Result<BlockUndo, StoreError> {
        let name = format!("undo data of block {}", active.hash);
        let bytes = self.bodies.read(active.undo, Kind::Undo, &name)?;
        codec::decode(&bytes, MAX_DECODE).map_err(|error| StoreError::damaged(name, error))
    }

    pub(super) fn find_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        match self.pending.diff.get(outpoint) {
            Some(coin) => Ok(coin),
            None => self.reader()?.coin(&outpoint_key(outpoint)),
        }
    }

    pub(super) fn find_place(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, StoreError> {
        let reader = self.reader()?;
        let found = match self.pending.transactions.get(txid) {
            Some(found) => *found,
            None => reader.place(txid)?,
        };
        let Some((height, place)) = found else { return Ok(None) };
        let above = height.checked_sub(self.pending.standing).and_then(|above| usize::try_from(above).ok());
        let hash = match above {
            Some(above) => self.pending.connected.get(above).map(|(block, _)| block.hash()),
            None => reader.active(height)?.map(|active| active.hash),
        };
        let lost = || damaged("transactions", txid.as_bytes(), format!("there is no block at height {height}"));
        hash.map(|hash| Some((hash, place))).ok_or_else(lost)
    }

    pub(super) fn each_coin(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), StoreError> {
        for entry in self.reader()?.coins.iter()? {
            let (key, value) = entry?;
            let outpoint = outpoint_of(key.value());
            if self.pending.diff.get(&outpoint).is_none() {
                visit(&outpoint, &coin_from_bytes(key.value(), value.value())?);
            }
        }
        self.pending.diff.created().for_each(|(outpoint, coin)| visit(outpoint, coin));
        Ok(())
    }

    pub(super) fn owned_coins(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, StoreError> {
        let reader = self.reader()?;
        let mut coins = Vec::new();
        let (first, last) = (owned_key(owner, &[0; OUTPOINT]), owned_key(owner, &[0xff; OUTPOINT]));
        for entry in reader.owners.range::<&[u8; OWNED]>(&first..=&last)? {
            let key = outpoint_of_owned(entry?.0.value());
            let outpoint = outpoint_of(&key);
            if self.pending.diff.get(&outpoint).is_some() {
                continue;
            }
            let coin = reader.coin(&key)?.ok_or_else(|| damaged("owners", &key, "there is no such coin"))?;
            if coin.output.owner == *owner {
                coins.push((outpoint, coin));
            }
        }
        let new = self.pending.diff.created().filter(|(_, coin)| coin.output.owner == *owner);
        coins.extend(new.map(|(outpoint, coin)| (*outpoint, *coin)));
        coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
        Ok(coins)
    }

    pub(super) fn waiting_transactions(&self) -> Result<Vec<WaitingTransaction>, StoreError> {
        if let Some(waiting) = &self.pending.waiting {
            return Ok(waiting.clone());
        }
        let mut waiting = Vec::new();
        for entry in self.reader()?.waiting.iter()? {
            let (place, value) = entry?;
            let key = place.value().to_be_bytes();
            let mut fields = Fields::open("waiting", &key, value.value())?;
            let [flags] = fields.take()?;
            let flags = waiting_of_flags(flags);
            let (own, returned) = flags.ok_or_else(|| fields.damaged("its first byte is none that is written"))?;
            let transaction: Transaction =
                codec::decode(fields.rest(), MAX_DECODE).map_err(|error| fields.damaged(error))?;
            waiting.push(WaitingTransaction { transaction, own, returned });
        }
        Ok(waiting)
    }

    pub(super) const fn bodies_file(&self) -> &Bodies {
        &self.bodies
    }

    pub(super) fn directory(&self) -> &Path {
        &self.path
    }
}

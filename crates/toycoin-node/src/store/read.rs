//! Reading a store: the changes that are not on disk yet first, the newest before the others, then the state on disk.

use std::{path::Path, sync::Arc};

use redb::{ReadableTable, ReadableTableMetadata};
use toycoin_core::{
    Block, BlockHash, CheckedBlock, OutPoint, PublicKey, Transaction, Txid,
    filter::BlockFilter,
    proof::Opening,
    store::{BlockUndo, ConnectedUpdate, StoredChain, WaitingTransaction},
    utxo::Coin,
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::store::{
    RedbStore, StoreError,
    bodies::{Bodies, Kind},
    reader::Reader,
    record::{Fields, damaged},
    tables::*,
};

impl RedbStore {
    pub(super) fn reader(&self) -> Result<&Reader, StoreError> {
        // a failed write leaves no reader
        self.reader
            .as_ref()
            .ok_or_else(|| StoreError::Database("an earlier write failed; start again to reopen it".into()))
    }

    pub(super) fn stored(&self) -> Result<Option<StoredChain>, StoreError> {
        let reader = self.reader()?;
        let stored = match self.groups().find_map(|group| group.tip.clone()) {
            Some(tip) => Some(tip),
            None => reader.tip()?,
        };
        let is_marked = |hash: &BlockHash| self.groups().any(|group| group.invalid.contains(hash));
        let Some((tip, state)) = stored else { return Ok(None) };
        let mut headers = Vec::with_capacity(usize::try_from(reader.blocks.len()?).unwrap_or(0));
        for entry in reader.blocks.iter()? {
            let (key, value) = entry?;
            let record = BlockRecord::from_bytes(key.value(), value.value())?;
            let hash = BlockHash::from_bytes(*key.value());
            if record.header.hash() != hash {
                return Err(damaged("blocks", hash.as_bytes(), "the header in it has another hash"));
            }
            let invalid = record.invalid || is_marked(&hash);
            headers.push((record.header, invalid, record.body.at));
        }
        for (hash, record) in &self.unindexed {
            headers.push((record.header, is_marked(hash), record.body.at));
        }
        let groups: Vec<_> = self.groups().collect();
        for (place, hash) in (0..).zip(groups.iter().rev().flat_map(|group| &group.order)) {
            if let Some(block) = self.held_block(hash) {
                headers.push((block.block().header, is_marked(hash), self.bodies.end() + place));
            }
        }
        let root = reader.root()?.map(Box::new);
        let lowest = root.as_ref().map_or(0, |root| root.header.height);
        headers.retain(|(header, ..)| header.height > lowest);
        // a body may have come before its parent's: sorting by height puts parents first, and equals keep the order of
        // arrival
        headers.sort_unstable_by_key(|(header, _, at)| (header.height, *at));
        let headers = headers.into_iter().map(|(header, invalid, _)| (header, invalid)).collect();
        Ok(Some(StoredChain { headers, tip, state, root }))
    }

    pub(super) fn find_block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, StoreError> {
        if let Some(block) = self.held_block(hash) {
            return Ok(Some(Arc::clone(block)));
        }
        let Some(record) = self.record_of(hash)? else { return Ok(None) };
        if !self.bodies.has(record.body) {
            return self.pruned_block(hash);
        }
        self.read_body(hash, &record).map(|block| Some(Arc::new(block)))
    }

    /// Returns a block whose record was pruned: genesis alone, which the parameters hold.
    fn pruned_block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, StoreError> {
        if *hash != self.params.genesis_hash() {
            return Ok(None);
        }
        let checked = self.params.genesis().clone().check(&self.params);
        checked.map(|block| Some(Arc::new(block))).map_err(|error| StoreError::damaged("genesis", error))
    }

    /// Returns the record of a written body, whether or not the index has it yet.
    fn record_of(&self, hash: &BlockHash) -> Result<Option<BlockRecord>, StoreError> {
        match self.unindexed.get(hash) {
            Some(record) => Ok(Some(*record)),
            None => self.reader()?.block(hash),
        }
    }

    pub(super) fn find_body_size(&self, hash: &BlockHash) -> Result<Option<u64>, StoreError> {
        if let Some(block) = self.held_block(hash) {
            return Ok(Some(block.block().size()));
        }
        let is_here = |record: &BlockRecord| self.bodies.has(record.body) || *hash == self.params.genesis_hash();
        Ok(self.record_of(hash)?.filter(is_here).map(|record| record.body.length.into()))
    }

    /// Returns the height of the lowest block: 0, or that after the snapshot's at which the chain begins.
    fn lowest(&self) -> Result<u64, StoreError> {
        self.reader()?.first_block()
    }

    /// Returns the block at a height of the active chain, if a group that is not on disk yet decides which one it is:
    /// `Some(None)` if none is there.
    fn held_at(&self, height: u64) -> Option<Option<&ConnectedUpdate>> {
        self.groups().find_map(|group| {
            let above = height.checked_sub(group.standing)?;
            Some(usize::try_from(above).ok().and_then(|place| group.connected.get(place)))
        })
    }

    pub(super) fn find_opening(&self, height: u64) -> Result<Option<Opening>, StoreError> {
        if let Some(held) = self.held_at(height) {
            return Ok(held.map(|connected| connected.opening));
        }
        let (reader, lowest) = (self.reader()?, self.lowest()?);
        if lowest > height + 1 {
            return Ok(None);
        }
        let opening = reader.opening(height)?;
        // every block on disk has one, so a page that leads to it is damaged
        opening.ok_or_else(|| damaged("openings", &height.to_be_bytes(), "it is missing")).map(Some)
    }

    pub(super) fn find_filter(&self, height: u64) -> Result<Option<BlockFilter>, StoreError> {
        if let Some(held) = self.held_at(height) {
            let filter =
                |connected: &ConnectedUpdate| BlockFilter::with_hash(connected.block.hash(), connected.block.block());
            return Ok(held.map(filter));
        }
        let (reader, key) = (self.reader()?, height.to_be_bytes());
        if self.lowest()? > height {
            return Ok(None);
        }
        let active = reader.active(height)?.ok_or_else(|| damaged("active", &key, "it is missing"))?;
        // every block on disk has one, so a page that leads to it is damaged
        let filter = reader.filter(height, active.hash)?;
        filter.ok_or_else(|| damaged("filters", &key, "it is missing")).map(Some)
    }

    /// Reads a body and hashes it again.
    pub(super) fn read_body(&self, hash: &BlockHash, record: &BlockRecord) -> Result<CheckedBlock, StoreError> {
        let name = format!("block {hash}");
        let bytes = self.bodies.read(record.body, Kind::Body, &name)?;
        let damaged = |reason: String| StoreError::damaged(&name, reason);
        let block: Block = codec::decode(&bytes, MAX_DECODE).map_err(|error| damaged(error.to_string()))?;
        let checked = block.check(&self.params).map_err(|error| damaged(error.to_string()))?;
        if checked.hash() != *hash {
            return Err(damaged(format!("its content has the hash {}", checked.hash())));
        }
        Ok(checked)
    }

    pub(super) fn find_undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, StoreError> {
        // from this height on, newer groups say which blocks are active
        let mut standing = u64::MAX;
        for group in self.groups() {
            if let Some(place) = group.places.get(hash) {
                let is_active = group.standing + (*place as u64) < standing;
                let connected = group.connected.get(*place).filter(|_| is_active);
                return Ok(connected.map(|connected| connected.undo.clone()));
            }
            standing = standing.min(group.standing);
        }
        let reader = self.reader()?;
        let Some(record) = reader.block(hash)? else { return Ok(None) };
        let height = record.header.height;
        if height >= standing {
            return Ok(None);
        }
        match reader.active(height)? {
            Some(active) if active.hash == *hash && self.bodies.has(active.undo) => self.read_undo(&active).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn read_undo(&self, active: &ActiveRecord) -> Result<BlockUndo, StoreError> {
        let name = format!("undo data of block {}", active.hash);
        let bytes = self.bodies.read(active.undo, Kind::Undo, &name)?;
        codec::decode(&bytes, MAX_DECODE).map_err(|error| StoreError::damaged(name, error))
    }

    /// Returns what the groups that are not on disk yet do to a coin: `Some(None)` if they spend it.
    fn held_coin(&self, outpoint: &OutPoint) -> Option<Option<Coin>> {
        self.groups().find_map(|group| group.diff.get(outpoint))
    }

    /// Returns the coins that the groups create which are not on disk yet.
    fn held_coins(&self) -> impl Iterator<Item = (&OutPoint, &Coin)> {
        let older = self.groups().skip(1).flat_map(|group| group.diff.created());
        let older = older.filter(|(outpoint, _)| self.pending.diff.get(outpoint).is_none());
        self.pending.diff.created().chain(older)
    }

    pub(super) fn find_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        match self.held_coin(outpoint) {
            Some(coin) => Ok(coin),
            None => self.reader()?.coin(&outpoint_key(outpoint)),
        }
    }

    pub(super) fn find_place(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, StoreError> {
        let reader = self.reader()?;
        let found = match self.groups().find_map(|group| group.transactions.get(txid)) {
            Some(found) => *found,
            None => reader.place(txid)?,
        };
        let Some((height, place)) = found else { return Ok(None) };
        let hash = match self.held_at(height) {
            Some(held) => held.map(|connected| connected.block.hash()),
            None => reader.active(height)?.map(|active| active.hash),
        };
        let lost = || {
            damaged("transactions", txid.as_bytes(), format!("it names height {height}, where the chain has no block"))
        };
        hash.map(|hash| Some((hash, place))).ok_or_else(lost)
    }

    pub(super) fn each_coin(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), StoreError> {
        for entry in self.reader()?.coins.iter()? {
            let (key, value) = entry?;
            let outpoint = outpoint_of(key.value());
            if self.held_coin(&outpoint).is_none() {
                visit(&outpoint, &coin_from_bytes(key.value(), value.value())?);
            }
        }
        self.held_coins().for_each(|(outpoint, coin)| visit(outpoint, coin));
        Ok(())
    }

    pub(super) fn owned_coins(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, StoreError> {
        let reader = self.reader()?;
        let mut coins = Vec::new();
        let (first, last) = (owned_key(owner, &[0; OUTPOINT]), owned_key(owner, &[0xff; OUTPOINT]));
        for entry in reader.owners.range::<&[u8; OWNED]>(&first..=&last)? {
            let key = outpoint_of_owned(entry?.0.value());
            let outpoint = outpoint_of(&key);
            if self.held_coin(&outpoint).is_some() {
                continue;
            }
            let coin = reader
                .coin(&key)?
                .ok_or_else(|| damaged("owners", &key, "it names a coin that is not in the UTXO set"))?;
            if coin.output.owner == *owner {
                coins.push((outpoint, coin));
            }
        }
        let new = self.held_coins().filter(|(_, coin)| coin.output.owner == *owner);
        coins.extend(new.map(|(outpoint, coin)| (*outpoint, *coin)));
        coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
        Ok(coins)
    }

    pub(super) fn waiting_transactions(&self) -> Result<Vec<WaitingTransaction>, StoreError> {
        if let Some(waiting) = self.groups().find_map(|group| group.waiting.as_ref()) {
            return Ok(waiting.clone());
        }
        let mut waiting = Vec::new();
        for entry in self.reader()?.waiting.iter()? {
            let (place, value) = entry?;
            let key = place.value().to_be_bytes();
            let mut fields = Fields::open("waiting", &key, value.value())?;
            let [flags] = fields.take()?;
            let flags = waiting_of_flags(flags);
            let (own, returned) = flags.ok_or_else(|| fields.damaged("its flags are not 0 to 3"))?;
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

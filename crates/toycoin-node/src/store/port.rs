//! A store behind the port of the chain engine.

use std::sync::Arc;

use toycoin_core::{
    BlockHash, CheckedBlock, Header, OutPoint, PublicKey, Txid,
    filter::BlockFilter,
    proof::Opening,
    snapshot::{CoinBytes, KeptSnapshot},
    store::{BlockUndo, ChainStore, ChainUpdate, StoredChain, WaitingTransaction},
    utxo::{Coin, UtxoView},
};

use crate::{
    limits,
    store::{RedbStore, StoreError, pending::Pending, snapshots::Shelf},
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

    fn pruned_below(&self) -> Result<u64, StoreError> {
        Ok(self.bodies.head().first)
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
        let blocks = self.groups().map(Pending::blocks).sum::<usize>();
        self.or_fail(Self::write_group)?;
        // during initial block download the space is needed again at once
        if blocks <= limits::FEW_BLOCKS { self.compact_if_bloated() } else { Ok(()) }
    }

    fn begin_sync(&mut self) -> Result<(), StoreError> {
        if !self.writes_behind || self.stage.is_some() {
            return self.sync();
        }
        self.or_fail(|store| {
            store.write_behind(false)?;
            let is_idle = store.writing.is_none() && !store.pending.is_empty();
            if is_idle { store.begin_writing(None) } else { Ok(()) }
        })
    }

    fn is_synced(&self) -> bool {
        match &self.stage {
            // a group that could not be written is gone from memory, and is not on disk
            _ if self.reader.is_none() => false,
            Some(_) => !self.pending.must_last(),
            None => self.pending.is_empty() && self.writing.is_none() && self.unindexed.is_empty(),
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

    fn opening(&self, height: u64) -> Result<Option<Opening>, StoreError> {
        self.find_opening(height)
    }

    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, StoreError> {
        self.find_filter(height)
    }

    fn make_snapshot(&mut self, tip: &Header, opening: &Opening) -> Result<(), StoreError> {
        self.or_fail(|store| store.begin_snapshot(tip, opening))
    }

    fn discard_snapshots(&mut self, from: u64) -> Result<(), StoreError> {
        self.forget_snapshot(from);
        if let Some(shelf) = &self.shelf {
            shelf.discard(from);
        }
        Ok(())
    }

    fn snapshots(&self) -> Vec<Arc<KeptSnapshot>> {
        self.shelf.as_deref().map(Shelf::kept).unwrap_or_default()
    }

    fn snapshot_chunk(&self, id: &[u8; 32], place: u32) -> Result<Option<Vec<CoinBytes>>, StoreError> {
        Ok(self.shelf.as_deref().and_then(|shelf| shelf.chunk(id, place)))
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), StoreError> {
        self.each_coin(visit)
    }

    fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, StoreError> {
        self.owned_coins(owner)
    }
}

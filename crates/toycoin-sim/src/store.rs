//! A store that survives crashes as a disk does: what was synced stays, of the rest a part may.

use std::{collections::VecDeque, convert::Infallible, sync::Arc};

use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Txid,
    store::{BlockUndo, ChainStore, ChainUpdate, MemoryStore, StoredChain, WaitingTransaction},
    utxo::{Coin, UtxoView},
};

use crate::planted::Planted;

/// A store in memory with a disk behind it.
///
/// The node sees every write at once. The disk has them up to the last sync, which comes with every so many commits; a
/// [crash](Self::crash) leaves the disk and as many of the writes behind it, in their order, as the caller says.
#[derive(Debug, Clone, Default)]
pub struct CrashStore {
    seen: MemoryStore,
    disk: MemoryStore,
    unsynced: VecDeque<Write>,
    sync_every: u32,
    since_sync: u32,
    /// What is wrong with it, to see whether anybody notices.
    pub(crate) planted: Option<Planted>,
}

#[derive(Debug, Clone)]
enum Write {
    Block(Arc<CheckedBlock>),
    Invalid(BlockHash),
    Commit(Arc<ChainUpdate>),
    Waiting(Vec<WaitingTransaction>),
}

impl CrashStore {
    /// Returns an empty store that syncs with every `sync_every`th commit; 0 and 1 mean each.
    pub fn new(sync_every: u32) -> Self {
        Self { sync_every, ..Self::default() }
    }

    /// Returns how many writes the disk lacks.
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Returns what is found after a crash that so many of the unsynced writes survived.
    #[must_use]
    pub fn crash(mut self, surviving: usize) -> Self {
        let torn = if self.planted == Some(Planted::TearsWrites) { self.unsynced.len() / 2 } else { 0 };
        for write in self.unsynced.drain(..).take(surviving).skip(torn) {
            apply(&mut self.disk, &write);
        }
        Self { seen: self.disk.clone(), unsynced: VecDeque::new(), since_sync: 0, ..self }
    }

    fn write(&mut self, write: Write) {
        apply(&mut self.seen, &write);
        self.since_sync += u32::from(matches!(write, Write::Commit(_)));
        self.unsynced.push_back(write);
        if self.since_sync >= self.sync_every {
            self.since_sync = 0;
            for write in self.unsynced.drain(..) {
                apply(&mut self.disk, &write);
            }
        }
    }
}

fn apply(store: &mut MemoryStore, write: &Write) {
    let Ok(()) = match write {
        Write::Block(block) => store.insert_block(block),
        Write::Invalid(hash) => store.mark_invalid(hash),
        Write::Commit(update) => store.commit(update),
        Write::Waiting(waiting) => store.keep_waiting(waiting.clone()),
    };
}

impl UtxoView for CrashStore {
    type Error = Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        self.seen.coin(outpoint)
    }
}

impl ChainStore for CrashStore {
    fn load(&self) -> Result<Option<StoredChain>, Infallible> {
        self.seen.load()
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Infallible> {
        self.write(Write::Block(Arc::clone(block)));
        Ok(())
    }

    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Infallible> {
        self.seen.block(hash)
    }

    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Infallible> {
        self.seen.undo(hash)
    }

    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Infallible> {
        self.write(Write::Invalid(*hash));
        Ok(())
    }

    fn commit(&mut self, update: &ChainUpdate) -> Result<(), Infallible> {
        let mut update = update.clone();
        let height = update.connected.last().map_or(0, |connected| connected.block.height());
        if self.planted == Some(Planted::ForgetsCoins) && height > 0 {
            update.diff = Default::default();
        }
        self.write(Write::Commit(Arc::new(update)));
        Ok(())
    }

    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), Infallible> {
        self.write(Write::Waiting(waiting));
        Ok(())
    }

    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Infallible> {
        self.seen.waiting()
    }

    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Infallible> {
        self.seen.find_transaction(txid)
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Infallible> {
        self.seen.visit_coins(visit)
    }

    fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, Infallible> {
        self.seen.coins_of(owner)
    }
}

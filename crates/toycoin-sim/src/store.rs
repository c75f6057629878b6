//! Store that survives crashes as a disk does: synced writes stay, and some of the others may.
//!
//! An honest [disk](Disk) keeps the promise of [`ChainStore::sync`], which a node calls before it announces a block. A
//! disk that lies, as cheap ones do, writes when it likes.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::Arc,
};

use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Txid,
    filter::BlockFilter,
    proof::Opening,
    store::{BlockUndo, ChainStore, ChainUpdate, MemoryStore, StoredChain, WaitingTransaction},
    utxo::{Coin, UtxoView},
};

use crate::{planted::Planted, shared_blocks::SharedBlocks};

/// What a disk does when the store asks it to sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disk {
    /// It syncs: earlier writes survive a crash.
    #[default]
    Honest,
    /// It confirms the sync but does nothing; it syncs only after every `sync_every` commits. A crash may lose blocks
    /// that the node has announced to its peers, even its own.
    Lying,
}

/// A store in memory with a simulated disk behind it.
///
/// The node sees every write at once. The disk holds the writes up to the last sync. A sync happens when the node asks
/// for it, and after every `sync_every` commits. A [crash](Self::crash) leaves the disk and the first of the later
/// writes, as many as the caller says.
#[derive(Debug, Clone, Default)]
pub struct CrashStore {
    seen: MemoryStore,
    disk: MemoryStore,
    /// The blocks that stores have in common.
    blocks: SharedBlocks,
    unsynced: VecDeque<Write>,
    sync_every: u32,
    since_sync: u32,
    behaviour: Disk,
    /// Whether parts of a staged move were written, but not yet its last part.
    has_stage: bool,
    /// Spent coins that the store still returns, if that bug is planted.
    spent: BTreeMap<OutPoint, Coin>,
    /// Bug planted in the store, to see whether an invariant notices.
    pub(crate) planted: Option<Planted>,
}

#[derive(Debug, Clone)]
enum Write {
    Block(Arc<CheckedBlock>),
    Invalid(BlockHash),
    Commit(Arc<ChainUpdate>),
    Stage(Arc<ChainUpdate>),
    Unstage,
    Waiting(Vec<WaitingTransaction>),
}

impl CrashStore {
    /// Returns an empty store that syncs on request, and after every `sync_every` commits; 0 and 1 mean after each.
    pub fn new(sync_every: u32) -> Self {
        Self { sync_every, ..Self::default() }
    }

    /// Replaces the disk behind the store.
    #[must_use]
    pub fn on(self, behaviour: Disk) -> Self {
        Self { behaviour, ..self }
    }

    /// Puts a chain on the disk of an empty store, which has its blocks in common with others.
    pub(crate) fn with_chain(self, chain: MemoryStore, blocks: SharedBlocks) -> Self {
        Self { seen: chain.clone(), disk: chain, blocks, ..self }
    }

    /// Returns what the node sees of the store.
    pub(crate) const fn seen(&self) -> &MemoryStore {
        &self.seen
    }

    /// Returns how many writes are not on the disk yet.
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Returns the store after a crash that the first `surviving` unsynced writes survived.
    #[must_use]
    pub fn crash(mut self, surviving: usize) -> Self {
        let torn = if self.planted == Some(Planted::TearsWrites) { self.unsynced.len() / 2 } else { 0 };
        for write in self.unsynced.drain(..).take(surviving).skip(torn) {
            apply(&mut self.disk, &write);
        }
        // a staged move without its last part does not count
        apply(&mut self.disk, &Write::Unstage);
        Self { seen: self.disk.clone(), unsynced: VecDeque::new(), since_sync: 0, has_stage: false, ..self }
    }

    fn write(&mut self, write: Write) {
        apply(&mut self.seen, &write);
        self.since_sync += u32::from(matches!(write, Write::Commit(_)));
        self.unsynced.push_back(write);
        if self.since_sync >= self.sync_every {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.since_sync = 0;
        for write in self.unsynced.drain(..) {
            apply(&mut self.disk, &write);
        }
    }

    /// Replaces the blocks of an update by those that stores have in common.
    fn share(&self, update: &mut ChainUpdate) {
        for connected in &mut update.connected {
            connected.block = self.blocks.shared(&connected.block);
        }
    }

    fn is_asked_in_vain(&self) -> bool {
        self.behaviour == Disk::Lying || self.planted == Some(Planted::ForgetsSync)
    }
}

fn apply(store: &mut MemoryStore, write: &Write) {
    let Ok(()) = match write {
        Write::Block(block) => store.insert_block(block),
        Write::Invalid(hash) => store.mark_invalid(hash),
        Write::Commit(update) => store.commit(ChainUpdate::clone(update)),
        Write::Stage(part) => store.stage(ChainUpdate::clone(part)),
        Write::Unstage => store.unstage(),
        Write::Waiting(waiting) => store.keep_waiting(waiting.clone()),
    };
}

impl UtxoView for CrashStore {
    type Error = Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        Ok(self.seen.coin(outpoint)?.or_else(|| self.spent.get(outpoint).copied()))
    }
}

impl ChainStore for CrashStore {
    fn load(&self) -> Result<Option<StoredChain>, Infallible> {
        self.seen.load()
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Infallible> {
        self.write(Write::Block(self.blocks.shared(block)));
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

    fn commit(&mut self, mut update: ChainUpdate) -> Result<(), Infallible> {
        let height = update.connected.last().map_or(0, |connected| connected.block.height());
        if self.planted == Some(Planted::ForgetsCoins) && height > 0 {
            update.diff = Default::default();
        }
        if self.planted == Some(Planted::KeepsSpentCoins) {
            self.spent.extend(update.diff.spent().map(|(outpoint, coin)| (*outpoint, *coin)));
        }
        self.has_stage = false;
        self.share(&mut update);
        self.write(Write::Commit(Arc::new(update)));
        Ok(())
    }

    fn stage(&mut self, mut part: ChainUpdate) -> Result<(), Infallible> {
        self.has_stage = true;
        self.share(&mut part);
        self.write(Write::Stage(Arc::new(part)));
        Ok(())
    }

    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        Ok(self.seen.staged_coin(outpoint)?.or_else(|| self.spent.get(outpoint).copied()))
    }

    fn unstage(&mut self) -> Result<(), Infallible> {
        if std::mem::take(&mut self.has_stage) {
            self.write(Write::Unstage);
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        if !self.is_asked_in_vain() {
            self.flush();
        }
        Ok(())
    }

    fn is_synced(&self) -> bool {
        self.is_asked_in_vain() || self.unsynced.is_empty()
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

    fn opening(&self, height: u64) -> Result<Option<Opening>, Infallible> {
        self.seen.opening(height)
    }

    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, Infallible> {
        self.seen.filter(height)
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Infallible> {
        self.seen.visit_coins(visit)
    }

    fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, Infallible> {
        self.seen.coins_of(owner)
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams, SecretKey};

    use super::*;

    /// Returns a chain of this many blocks, synced after the second.
    fn chain(store: CrashStore, blocks: u64) -> Chain<CrashStore> {
        let mut chain = Chain::open(ChainParams::regtest(), store).unwrap();
        for height in 1..=blocks {
            let (miner, now_ms) = (SecretKey::classroom(1).public_key(), chain.tip().time + 1_000);
            let block = chain.template(Vec::new(), miner, b"", now_ms).unwrap().mine_trivial();
            chain.apply(block, now_ms).unwrap();
            if height == 2 {
                chain.sync().unwrap();
            }
        }
        chain
    }

    fn height_after_crash(store: CrashStore) -> u64 {
        Chain::open(ChainParams::regtest(), store.crash(0)).unwrap().height()
    }

    #[test]
    fn honest_disk_keeps_what_was_synced_and_a_lying_one_not() {
        let store = chain(CrashStore::new(100), 4).into_store();
        assert!(!store.is_synced());
        assert_eq!(height_after_crash(store), 2);

        let store = chain(CrashStore::new(100).on(Disk::Lying), 4).into_store();
        assert!(store.is_synced(), "it says so");
        assert_eq!(height_after_crash(store), 0);
    }

    #[test]
    fn either_syncs_with_every_so_many_commits() {
        // genesis is the first commit
        assert_eq!(height_after_crash(chain(CrashStore::new(4).on(Disk::Lying), 5).into_store()), 3);
        assert_eq!(height_after_crash(chain(CrashStore::new(1), 5).into_store()), 5);
    }
}

//! A store in memory: the model that every other store is compared with.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use crate::{
    consensus::CheckedBlock,
    digest::{BlockHash, Txid},
    filter::BlockFilter,
    header::Header,
    keyed_map::{KeyedMap, KeyedSet, MapSecret},
    proof::Opening,
    snapshot::{CoinBytes, KEPT, KeptSnapshot, MadeChunk, Maker},
    state::ChainState,
    store::{BlockUndo, ChainStore, ChainUpdate, SnapshotRoot, StoredChain, WaitingTransaction, coins::Coins},
    transaction::OutPoint,
    utxo::{Coin, UtxoView},
};

/// A store that keeps everything in maps. The order of a map is never visible.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    blocks: KeyedMap<BlockHash, Arc<CheckedBlock>>,
    /// Block hashes in the order of arrival, so that parents come before children.
    order: Vec<BlockHash>,
    invalid: KeyedSet<BlockHash>,
    /// The headers of the blocks whose bodies were pruned, in the order of arrival.
    pruned: Vec<Header>,
    pruned_below: u64,
    undo: KeyedMap<BlockHash, BlockUndo>,
    coins: Coins,
    places: KeyedMap<Txid, (BlockHash, u32)>,
    /// The openings of the active chain's states, from the block at which it begins on.
    openings: Vec<Opening>,
    /// The filters of the active chain's blocks, from genesis or the block after the snapshot's on. Each is computed
    /// when somebody asks for it, since most nodes serve no light client.
    filters: Vec<(BlockHash, OnceLock<BlockFilter>)>,
    /// The snapshot at which the chain begins.
    root: Option<Box<SnapshotRoot>>,
    keeps_snapshots: bool,
    /// The last snapshots that were made, the newest last, with their chunks.
    snapshots: Vec<(Arc<KeptSnapshot>, Vec<MadeChunk>)>,
    tip: Option<(BlockHash, ChainState)>,
    waiting: Vec<WaitingTransaction>,
    /// The staged parts of a move of the tip, combined.
    staged: Option<Box<ChainUpdate>>,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps snapshots from now on. Each takes the memory of its coins, 84 bytes each, and the time of hashing them.
    #[must_use]
    pub const fn with_snapshots(mut self) -> Self {
        self.keeps_snapshots = true;
        self
    }

    /// Returns a store that begins at a snapshot: with the state after its block, and the coins in it. Nothing is
    /// compared: that they belong together was proved before.
    pub fn from_snapshot(root: SnapshotRoot, state: ChainState, coins: impl IntoIterator<Item = CoinBytes>) -> Self {
        let (tip, opening) = (root.hash(), Opening::of(&state));
        let (tip, root) = (Some((tip, state)), Some(Box::new(root)));
        let mut store = Self { openings: vec![opening], tip, root, ..Self::default() };
        store.coins.extend(coins.into_iter().map(|coin| (coin.outpoint(), coin.coin())));
        store
    }

    /// Puts the present coins where all clones of this store have them in common. A clone then keeps only what
    /// [changes](Self::changed_coins), so many chains that begin with the same coins take little memory.
    ///
    /// ```
    /// use toycoin_core::{Chain, ChainParams};
    ///
    /// let mut store = Chain::in_memory(ChainParams::regtest()).into_store();
    /// store.share_coins();
    /// let other = Chain::open(ChainParams::regtest(), store.clone())?.into_store();
    /// assert!(other.shares_coins_with(&store) && other.changed_coins().len() == 0);
    /// # Ok::<(), toycoin_core::chain::ChainError<std::convert::Infallible>>(())
    /// ```
    pub fn share_coins(&mut self) {
        self.coins.share();
    }

    /// Returns how the coins differ from those that the store [shares](Self::share_coins), in no particular order: coins
    /// that were created, and `None` at the outpoints of those that were spent.
    pub fn changed_coins(&self) -> impl ExactSizeIterator<Item = (&OutPoint, Option<&Coin>)> {
        self.coins.changed()
    }

    /// Returns whether both stores [share](Self::share_coins) the same coins, so that they differ in nothing but their
    /// [changes](Self::changed_coins).
    pub fn shares_coins_with(&self, other: &Self) -> bool {
        self.coins.has_base_of(&other.coins)
    }

    /// Drops the bodies and undo data of all blocks below a height, genesis' excepted, as a pruned store on disk does.
    /// A chain that is opened with the store then knows its [first block](crate::Chain::first_block).
    pub fn prune(&mut self, below: u64) {
        // filters stay, and need the bodies
        let first = self.first_filter();
        (first..first + self.filters.len() as u64).take_while(|height| *height < below).for_each(|height| {
            self.computed_filter(height);
        });
        let Self { blocks, order, pruned, undo, .. } = self;
        order.retain(|hash| {
            let header = blocks.get(hash).map(|block| block.block().header);
            let gone = header.filter(|header| (1..below).contains(&header.height));
            if gone.is_some() {
                blocks.remove(hash);
                undo.remove(hash);
            }
            pruned.extend(gone);
            gone.is_none()
        });
        self.pruned_below = self.pruned_below.max(below);
    }

    /// Returns the height of the first filter.
    fn first_filter(&self) -> u64 {
        self.root.as_ref().map_or(0, |root| root.header.height + 1)
    }

    /// Returns the filter of the active chain's block at a height.
    fn computed_filter(&self, height: u64) -> Option<&BlockFilter> {
        let (hash, filter) = at(&self.filters, self.first_filter(), height)?;
        match (filter.get(), self.blocks.get(hash)) {
            (None, Some(block)) => Some(filter.get_or_init(|| BlockFilter::with_hash(*hash, block.block()))),
            (computed, _) => computed,
        }
    }

    /// Returns an empty store whose maps spread their keys with `secret`, instead of with the secret of the process.
    ///
    /// Strangers choose the keys that are kept here. Someone who knows the secret can make many keys collide. The
    /// secret changes no result.
    pub fn with_map_secret(secret: &[u8; 32]) -> Self {
        let secret = MapSecret::new(secret);
        Self {
            blocks: KeyedMap::with_hasher(secret.clone()),
            invalid: KeyedSet::with_hasher(secret.clone()),
            undo: KeyedMap::with_hasher(secret.clone()),
            coins: Coins::with_secret(&secret),
            places: KeyedMap::with_hasher(secret),
            ..Self::default()
        }
    }
}

impl UtxoView for MemoryStore {
    type Error = Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        Ok(self.coins.get(outpoint).copied())
    }
}

impl ChainStore for MemoryStore {
    fn load(&self) -> Result<Option<StoredChain>, Infallible> {
        let Some((tip, state)) = &self.tip else { return Ok(None) };
        let kept = self
            .order
            .iter()
            .filter_map(|hash| self.blocks.get(hash))
            .map(|block| (block.block().header, block.hash()));
        // a body may have arrived before its parent's: sorting by height puts parents first
        let mut headers: Vec<_> = self
            .pruned
            .iter()
            .map(|header| (*header, header.hash()))
            .chain(kept)
            .map(|(header, hash)| (header, self.invalid.contains(&hash)))
            .filter(|(header, _)| header.height > 0)
            .collect();
        headers.sort_by_key(|(header, _)| header.height);
        Ok(Some(StoredChain { headers, tip: *tip, state: state.clone(), root: self.root.clone() }))
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Infallible> {
        if self.blocks.insert(block.hash(), Arc::clone(block)).is_none() {
            self.order.push(block.hash());
        }
        Ok(())
    }

    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Infallible> {
        Ok(self.blocks.get(hash).cloned())
    }

    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Infallible> {
        Ok(self.undo.get(hash).cloned())
    }

    fn pruned_below(&self) -> Result<u64, Infallible> {
        Ok(self.pruned_below)
    }

    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Infallible> {
        self.invalid.insert(*hash);
        Ok(())
    }

    fn commit(&mut self, update: ChainUpdate) -> Result<(), Infallible> {
        self.stage(update)?;
        let Some(update) = self.staged.take() else { return Ok(()) };
        for block in &update.disconnected {
            self.undo.remove(&block.hash());
            self.openings.pop();
            self.filters.pop();
            for (txid, _) in block.ids() {
                self.places.remove(txid);
            }
        }
        for connected in update.connected {
            let hash = connected.block.hash();
            self.insert_block(&connected.block)?;
            self.undo.insert(hash, connected.undo);
            self.openings.push(connected.opening);
            self.filters.push((hash, OnceLock::new()));
            // at once, since a map that grows step by step is copied at each
            let ids = connected.block.ids();
            self.places.reserve(ids.len());
            self.places.extend((0..).zip(ids).map(|(place, (txid, _))| (*txid, (hash, place))));
        }
        for (outpoint, _) in update.diff.spent_unordered() {
            self.coins.remove(outpoint);
        }
        self.coins.extend(update.diff.created_unordered().map(|(outpoint, coin)| (*outpoint, *coin)));
        self.tip = Some((update.tip, update.state));
        Ok(())
    }

    fn stage(&mut self, part: ChainUpdate) -> Result<(), Infallible> {
        match &mut self.staged {
            Some(staged) => staged.append(part),
            None => self.staged = Some(Box::new(part)),
        }
        Ok(())
    }

    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        let changed = self.staged.as_ref().and_then(|staged| staged.diff.get(outpoint));
        changed.map_or_else(|| self.coin(outpoint), Ok)
    }

    fn unstage(&mut self) -> Result<(), Infallible> {
        self.staged = None;
        Ok(())
    }

    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), Infallible> {
        self.waiting = waiting;
        Ok(())
    }

    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Infallible> {
        Ok(self.waiting.clone())
    }

    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Infallible> {
        Ok(self.places.get(txid).copied())
    }

    fn opening(&self, height: u64) -> Result<Option<Opening>, Infallible> {
        let first = self.root.as_ref().map_or(0, |root| root.header.height);
        Ok(at(&self.openings, first, height).copied())
    }

    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, Infallible> {
        Ok(self.computed_filter(height).cloned())
    }

    fn make_snapshot(&mut self, tip: &Header, opening: &Opening) -> Result<(), Infallible> {
        if !self.keeps_snapshots {
            return Ok(());
        }
        self.discard_snapshots(tip.height)?;
        let mut coins: Vec<_> = self.coins.iter().collect();
        coins.sort_unstable_by_key(|(outpoint, _)| **outpoint);
        let mut maker = Maker::new(*tip);
        let chunks: Result<Vec<_>, _> = coins.iter().map(|(outpoint, coin)| maker.push(outpoint, coin)).collect();
        let Ok(chunks) = chunks else { return Ok(()) };
        let Ok((last, manifest)) = maker.finish(*opening) else { return Ok(()) };
        let chunks = chunks.into_iter().flatten().chain(last).collect();
        self.snapshots.push((Arc::new(manifest.into()), chunks));
        self.snapshots.drain(..self.snapshots.len().saturating_sub(KEPT));
        Ok(())
    }

    fn discard_snapshots(&mut self, from: u64) -> Result<(), Infallible> {
        self.snapshots.retain(|(kept, _)| kept.manifest.header.height < from);
        Ok(())
    }

    fn snapshots(&self) -> Vec<Arc<KeptSnapshot>> {
        self.snapshots.iter().map(|(kept, _)| Arc::clone(kept)).collect()
    }

    fn snapshot_chunk(&self, id: &[u8; 32], place: u32) -> Result<Option<Vec<CoinBytes>>, Infallible> {
        let chunks = self.snapshots.iter().find(|(kept, _)| kept.id == *id).map(|(_, chunks)| chunks);
        let chunk = chunks.and_then(|chunks| chunks.iter().find(|chunk| chunk.place == place));
        Ok(chunk.map(|chunk| chunk.coins.clone()))
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Infallible> {
        self.coins.iter().for_each(|(outpoint, coin)| visit(outpoint, coin));
        Ok(())
    }
}

/// Returns the item of a height, in a list whose first item is that of height `first`.
fn at<T>(list: &[T], first: u64, height: u64) -> Option<&T> {
    list.get(usize::try_from(height.checked_sub(first)?).ok()?)
}

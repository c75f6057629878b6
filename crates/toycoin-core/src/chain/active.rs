//! Looking at a chain: its tip, its blocks, its coins.

use std::sync::Arc;

use crate::{
    amount::Amount,
    chain::{Chain, ChainError, HeaderEntry, HeaderTree, header_tree::NodeId, height_index},
    consensus::{CheckedBlock, SignatureVerifier},
    digest::{BlockHash, StateRoot, Txid},
    header::Header,
    keys::PublicKey,
    params::ChainParams,
    state::{ChainState, LtHash},
    store::ChainStore,
    target::Work,
    transaction::OutPoint,
    utxo::Coin,
};

/// The end of the active chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: u64,
    /// The work of the whole chain.
    pub work: Work,
    /// Its time, Unix milliseconds.
    pub time: u64,
}

/// The supply, counted from the coins themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// The money issued, as the state says.
    pub issued: Amount,
    /// The sum of all coins.
    pub sum_of_coins: Amount,
    /// How many coins there are.
    pub coins: u64,
    /// Whether sum, number and hash of the coins are what the tip's state root commits to.
    pub holds: bool,
}

impl<S: ChainStore> Chain<S> {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        self.tree.params()
    }

    /// Returns all headers that are known.
    pub const fn headers(&self) -> &HeaderTree {
        &self.tree
    }

    /// Returns the store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Returns what judges signatures.
    pub fn verifier(&self) -> &dyn SignatureVerifier {
        self.verifier.as_ref()
    }

    /// Returns what judges signatures, to be kept.
    pub fn shared_verifier(&self) -> Arc<dyn SignatureVerifier> {
        Arc::clone(&self.verifier)
    }

    /// Returns the active chain's tip.
    pub fn tip(&self) -> Tip {
        let node = self.tree.node(self.tip_node());
        Tip { hash: node.hash, height: node.header.height, work: node.work, time: node.header.time }
    }

    /// Returns the active chain's height.
    pub fn height(&self) -> u64 {
        self.tip().height
    }

    /// Returns the state after the tip.
    pub const fn state(&self) -> &ChainState {
        &self.state
    }

    /// Returns the tip's state root.
    pub fn state_root(&self) -> StateRoot {
        self.tree.node(self.tip_node()).header.state_root
    }

    /// Returns the header of the active chain at `height`.
    pub fn header_at(&self, height: u64) -> Option<&HeaderEntry> {
        self.active.get(height_index(height)).map(|id| self.tree.node(*id))
    }

    /// Returns the active chain's hashes, genesis first.
    pub fn active_hashes(&self) -> impl ExactSizeIterator<Item = BlockHash> {
        self.active.iter().map(|id| self.tree.node(*id).hash)
    }

    /// Returns whether a block is on the active chain.
    pub fn is_active(&self, hash: &BlockHash) -> bool {
        self.tree.get(hash).is_some_and(|entry| self.header_at(entry.header.height) == Some(entry))
    }

    /// Returns how many blocks of the active chain confirm a block: 1 for the tip, `None` for one that is not on it.
    pub fn confirmations(&self, hash: &BlockHash) -> Option<u64> {
        let entry = self.tree.get(hash).filter(|entry| self.header_at(entry.header.height) == Some(*entry))?;
        Some(self.height() - entry.header.height + 1)
    }

    /// Returns whether a block's body is here, on whatever branch.
    pub fn has_block(&self, hash: &BlockHash) -> bool {
        self.tree.find(hash).is_some_and(|id| self.candidates.has_body(id))
    }

    /// Returns a block, on whatever branch.
    ///
    /// # Errors
    /// The store's.
    pub fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, ChainError<S::Error>> {
        match self.recent.get(hash) {
            Some(block) => Ok(Some(block)),
            None => self.store.block(hash).map_err(ChainError::Store),
        }
    }

    /// Returns how many bytes reading a block takes, or about as many; `None` if its body is not here.
    ///
    /// # Errors
    /// The store's.
    pub fn body_size(&self, hash: &BlockHash) -> Result<Option<u64>, ChainError<S::Error>> {
        self.store.body_size(hash).map_err(ChainError::Store)
    }

    /// Returns the block of the active chain at `height`.
    ///
    /// # Errors
    /// The store's.
    pub fn block_at(&self, height: u64) -> Result<Option<Arc<CheckedBlock>>, ChainError<S::Error>> {
        self.header_at(height).map_or(Ok(None), |entry| self.block(&entry.hash))
    }

    /// Returns which block of the active chain holds a transaction, and at which place, 0 for the coinbase.
    ///
    /// # Errors
    /// The store's.
    pub fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, ChainError<S::Error>> {
        self.store.find_transaction(txid).map_err(ChainError::Store)
    }

    /// Returns the coin at an outpoint after the tip.
    ///
    /// # Errors
    /// The store's.
    pub fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainError<S::Error>> {
        self.store.coin(outpoint).map_err(ChainError::Store)
    }

    /// Returns an owner's coins by outpoint, immature ones included.
    ///
    /// # Errors
    /// The store's.
    pub fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, ChainError<S::Error>> {
        self.store.coins_of(owner).map_err(ChainError::Store)
    }

    /// Returns a locator of the active chain, tip first, for a request of headers.
    pub fn locator(&self) -> Vec<BlockHash> {
        self.tree.locator(&self.tip().hash)
    }

    /// Returns the headers of the active chain after the first hash of `locator` that is on it, or after genesis, up to
    /// and including `stop`, at most `limit`.
    pub fn headers_after(&self, locator: &[BlockHash], stop: &BlockHash, limit: usize) -> Vec<Header> {
        let known = locator.iter().find(|hash| self.is_active(hash)).and_then(|hash| self.tree.get(hash));
        let first = known.map_or(1, |entry| entry.header.height + 1);
        let mut headers = Vec::new();
        for id in self.active.iter().skip(height_index(first)).take(limit) {
            let node = self.tree.node(*id);
            headers.push(node.header);
            if node.hash == *stop {
                break;
            }
        }
        headers
    }

    /// Returns blocks whose bodies are missing on the way to the best header, lowest first: at most `limit` of them, all
    /// within `window` blocks of the lowest.
    pub fn missing_blocks(&self, limit: usize, window: u64) -> Vec<BlockHash> {
        self.missing_towards(self.tree.best_node(), limit, window)
    }

    /// Returns the same on the way to another header; none when that has no more work than the tip, or is not known, or
    /// invalid. For the case that nobody gives the bodies of the best.
    pub fn missing_blocks_towards(&self, header: &BlockHash, limit: usize, window: u64) -> Vec<BlockHash> {
        let header = self.tree.find(header).filter(|id| !self.tree.node(*id).invalid);
        header.map(|header| self.missing_towards(header, limit, window)).unwrap_or_default()
    }

    fn missing_towards(&self, header: NodeId, limit: usize, window: u64) -> Vec<BlockHash> {
        if self.tree.node(header).work <= self.tip().work {
            return Vec::new();
        }
        let top = self.tree.node(header).header.height;
        let Some(lowest) = self.lowest_missing(header) else { return Vec::new() };
        let Some(last) = self.tree.ancestor_node(header, top.min(lowest.saturating_add(window).saturating_sub(1)))
        else {
            return Vec::new();
        };
        // from the last down by parents, then turned round: the window bounds the walk
        let path = std::iter::successors(Some(last), |id| Some(self.tree.parent(*id)));
        let mut missing: Vec<_> = path
            .take_while(|id| self.tree.node(*id).header.height >= lowest)
            .filter(|id| !self.candidates.has_body(*id))
            .map(|id| self.tree.node(id).hash)
            .collect();
        missing.reverse();
        missing.truncate(limit);
        missing
    }

    /// Returns the height of the first block on the way to a header whose body is missing.
    ///
    /// Up to it every body is here, from it on no block has all its ancestors': so it is found by halves, however long the
    /// branch is. While catching up it is close to the tip, so leaps from there, each twice as wide, find the half to halve.
    fn lowest_missing(&self, header: NodeId) -> Option<u64> {
        let is_complete = |height| {
            let ancestor = self.tree.ancestor_node(header, height);
            ancestor.is_none_or(|id| self.candidates.is_complete(id))
        };
        let top = self.tree.node(header).header.height;
        let (mut low, mut high) = (0, top.checked_add(1)?);
        let (mut leap, mut width) = (self.height().min(top), 1);
        while low < high {
            let middle = if (low..high).contains(&leap) { leap } else { low + (high - low) / 2 };
            if is_complete(middle) {
                low = middle + 1
            } else {
                high = middle
            }
            leap = low.saturating_add(width);
            width = width.saturating_mul(2);
        }
        (low <= top).then_some(low)
    }

    /// Counts the supply from the coins themselves and compares it with the state.
    ///
    /// # Errors
    /// The store's.
    pub fn audit(&self) -> Result<Audit, ChainError<S::Error>> {
        let mut hash = LtHash::default();
        let (mut coins, mut sum) = (0, Amount::ZERO);
        let visited = self.store.visit_coins(&mut |outpoint, coin| {
            hash.add(outpoint, coin);
            coins += 1;
            sum = sum.saturating_add(coin.output.value);
        });
        visited.map_err(ChainError::Store)?;
        let state = ChainState { utxo_hash: hash, coin_count: coins, issued: sum, ..self.state.clone() };
        let holds = state == self.state && state.root() == self.state_root();
        Ok(Audit { issued: self.state.issued, sum_of_coins: sum, coins, holds })
    }

    pub(super) fn tip_node(&self) -> NodeId {
        self.active.last().copied().unwrap_or(NodeId::GENESIS)
    }
}

//! The one chain engine: header tree, fork choice, reorganisations.
//!
//! ```text
//!   insert_header ─▶ header tree ◀── insert_block ─▶ store: bodies
//!                        │ complete: every body from genesis is here
//!                        ▼
//!                   candidates, most work first ── advance(), one block a call ──▶ ChainUpdate ─▶ store: tip
//! ```
//!
//! The chain with the most work among those that are fully valid is active; of equals the one that was complete first.
//! A reorganisation is judged block by block in an overlay, and the tip moves once, when the last block that it takes is
//! found right: until then, and if one is found wrong, the old chain stands as if nothing had been. What is judged waits
//! in memory while it is little; a deep reorganisation hands it to the store in stages ([`ChainStore::stage`]).

mod active;
mod candidates;
mod error;
mod header_tree;
mod locator;
mod lookahead;
mod recent;
mod reorg;
mod template;

use std::{convert::Infallible, sync::Arc};

pub use self::{
    active::{Audit, Tip},
    error::ChainError,
    header_tree::{HeaderEntry, HeaderError, HeaderTree},
    locator::MAX_LOCATOR,
};
use self::{
    candidates::Candidates,
    header_tree::NodeId,
    lookahead::Lookahead,
    recent::Recent,
    reorg::{Reorg, Step},
};
use crate::{
    block::Block,
    consensus::{BatchVerifier, CheckedBlock, RuleError, SignatureVerifier, check_body, check_form},
    digest::{BlockHash, Txid},
    header::Header,
    params::ChainParams,
    state::{ChainState, Deltas},
    store::{BlockUndo, ChainStore, ChainUpdate, ConnectedUpdate, MemoryStore, WaitingTransaction},
    transaction::Transaction,
    utxo::Coin,
};

/// A chain over a store.
pub struct Chain<S> {
    tree: HeaderTree,
    store: S,
    verifier: Arc<dyn SignatureVerifier>,
    deltas: Deltas,
    /// The active chain by height.
    active: Vec<NodeId>,
    /// The state after the active chain's tip.
    state: ChainState,
    candidates: Candidates,
    reorg: Option<Reorg>,
    /// Bytes of a reorganisation that are kept in memory.
    stage_bytes: u64,
    lookahead: Lookahead,
    recent: Recent,
    /// A block that was found invalid by what the store answers, for which the store was compared with its checksums.
    doubted: Option<NodeId>,
}

/// Transactions whose change of the state is computed ahead: more than a block holds. Two kilobytes each.
const PREPARED_TRANSACTIONS: usize = 8_192;

/// What became of a block.
#[derive(Debug, Clone)]
pub enum Applied {
    /// The active chain grew, by this block and perhaps by others that had waited for it.
    Extended {
        /// The new tip's height.
        height: u64,
    },
    /// Another branch became the active chain.
    Reorganised {
        /// The blocks that left it, the old tip first.
        disconnected: Vec<BlockHash>,
        /// The blocks that entered it, the new tip last.
        connected: Vec<BlockHash>,
    },
    /// Kept on another branch, whose work does not exceed the active chain's.
    SideChain,
    /// Was here already.
    Known,
}

/// What [`Chain::insert_block`] did with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is kept, and [`Chain::advance`] may have something to do.
    New,
    /// It was here already.
    Known,
}

/// What one call of [`Chain::advance`] did.
#[derive(Debug, Clone)]
pub enum Advance {
    /// There is nothing to do.
    Idle,
    /// One block of a reorganisation was judged, or the store was looked at; there is more to do.
    Working,
    /// The tip moved; there may be more to do.
    Moved(Moved),
    /// A block breaks a rule: it and all that builds on it are out, the active chain is as it was.
    Invalid {
        /// The block.
        hash: BlockHash,
        /// The rule.
        error: RuleError,
    },
}

/// A move of the tip: its blocks by their hashes, since those of a deep one together may be larger than memory. Whoever
/// follows asks for one after the other, with [`Chain::block`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The blocks that left the active chain, the old tip first.
    pub disconnected: Vec<BlockHash>,
    /// The blocks that entered it, the new tip last.
    pub connected: Vec<BlockHash>,
}

impl Chain<MemoryStore> {
    /// Starts a chain at genesis, in memory.
    pub fn in_memory(params: ChainParams) -> Self {
        match Self::open(params, MemoryStore::new()) {
            Ok(chain) => chain,
            Err(error) => unreachable!("an empty store in memory does not fail: {error}"),
        }
    }
}

impl<S: ChainStore> Chain<S> {
    /// Opens the chain that a store keeps, or starts one at genesis.
    ///
    /// # Errors
    /// When the store fails or keeps another network's chain.
    pub fn open(params: ChainParams, store: S) -> Result<Self, ChainError<S::Error>> {
        let state = params.genesis_state().clone();
        let mut chain = Self {
            candidates: Candidates::new(),
            tree: HeaderTree::new(params),
            store,
            verifier: Arc::new(BatchVerifier),
            deltas: Deltas::new(PREPARED_TRANSACTIONS),
            active: vec![NodeId::GENESIS],
            state,
            reorg: None,
            stage_bytes: reorg::STAGE_BYTES,
            lookahead: Lookahead::new(lookahead::BLOCKS),
            recent: Recent::default(),
            doubted: None,
        };
        // of a chain that was dropped in the middle of a reorganisation
        chain.store.unstage().map_err(ChainError::Store)?;
        match chain.store.load().map_err(ChainError::Store)? {
            None => chain.store_genesis()?,
            Some(stored) => {
                for (header, invalid) in stored.headers {
                    let hash = header.hash();
                    // judged before it was stored; a clock that was set back must not refuse it now
                    match chain.tree.insert_node(&header, hash, u64::MAX) {
                        Ok(id) if invalid => chain.tree.mark_node_invalid(id),
                        Ok(id) => chain.candidates.body_arrived(&chain.tree, id),
                        // a body that came before its parent's, or builds on an invalid one: to be asked for again
                        Err(HeaderError::Invalid(_) | HeaderError::UnknownParent(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                let tip = chain.tree.find(&stored.tip).ok_or(ChainError::Lost(stored.tip))?;
                chain.set_active(tip);
                chain.state = stored.state;
            }
        }
        Ok(chain)
    }

    /// Judges signatures with `verifier` from now on.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Arc<dyn SignatureVerifier>) -> Self {
        self.verifier = verifier;
        self.lookahead.clear();
        self
    }

    /// Verifies the signatures of up to so many blocks that wait to be connected together, instead of those of 64; 1 takes
    /// block by block.
    ///
    /// It changes what catching up and reorganisations cost, and decides nothing.
    #[must_use]
    pub fn with_lookahead(mut self, blocks: usize) -> Self {
        self.lookahead = Lookahead::new(blocks);
        self
    }

    /// Hands a reorganisation to the store in parts of about so many bytes in memory, by estimate, instead of 32 MiB.
    ///
    /// It changes what deep reorganisations take, and decides nothing.
    #[must_use]
    pub fn with_stage_bytes(mut self, bytes: u64) -> Self {
        self.stage_bytes = bytes;
        self
    }

    /// Computes what a transaction will change in the state, before a block holds it. `spent` are the coins that its inputs
    /// name, in their order.
    ///
    /// It saves time later and decides nothing: the transaction need not be valid.
    pub fn prepare(&mut self, txid: Txid, transaction: &Transaction, spent: &[Coin]) {
        debug_assert_eq!(txid, transaction.txid(), "a txid is its transaction's");
        if transaction.inputs.len() == spent.len() {
            self.deltas.prepare(txid, transaction, spent);
        }
    }

    /// Takes a block, and moves the tip as far as that allows.
    ///
    /// `now_ms` is Unix time in milliseconds, for the rule that no block is far ahead of it.
    ///
    /// # Errors
    /// When the block breaks a rule, its parent is unknown or invalid, or the store fails.
    pub fn apply(&mut self, block: Block, now_ms: u64) -> Result<Applied, ChainError<S::Error>> {
        let hash = block.hash();
        if self.insert_block(block, now_ms)? == Inserted::Known {
            return Ok(Applied::Known);
        }
        let mut disconnected = Vec::new();
        let mut connected = Vec::new();
        let mut refused = None;
        loop {
            match self.advance()? {
                Advance::Idle => break,
                Advance::Working => {}
                Advance::Moved(moved) => {
                    disconnected.extend(moved.disconnected);
                    connected.extend(moved.connected);
                }
                Advance::Invalid { hash: invalid, error } if invalid == hash => refused = Some(error),
                Advance::Invalid { .. } => {}
            }
        }
        match refused {
            Some(error) => Err(error.into()),
            None if !disconnected.is_empty() => Ok(Applied::Reorganised { disconnected, connected }),
            None if !connected.is_empty() => Ok(Applied::Extended { height: self.height() }),
            None => Ok(Applied::SideChain),
        }
    }

    /// Takes a header into the tree: rules R06 to R14. Returns false when it was there already.
    ///
    /// # Errors
    /// When its parent is unknown or invalid, or it breaks a rule.
    pub fn insert_header(&mut self, header: &Header, now_ms: u64) -> Result<bool, HeaderError> {
        self.tree.insert(header, now_ms)
    }

    /// Takes a block that is right by itself and keeps it: rules R01 to R21 and R33. The tip moves by [`advance`](Self::advance).
    ///
    /// A rule up to R15 says nothing about the hash: whoever sent the body is to blame. From R16 on the block is out.
    ///
    /// # Errors
    /// When the block breaks a rule, its parent is unknown or invalid, or the store fails.
    pub fn insert_block(&mut self, block: Block, now_ms: u64) -> Result<Inserted, ChainError<S::Error>> {
        let hash = block.hash();
        match self.tree.find(&hash) {
            Some(id) if self.tree.node(id).invalid => return Err(ChainError::Invalid(hash)),
            Some(id) if self.candidates.has_body(id) => return Ok(Inserted::Known),
            _ => {}
        }
        check_form(self.params(), &block)?;
        let id = self.tree.insert_node(&block.header, hash, now_ms)?;
        let block = match check_body(self.params(), block, hash) {
            Ok(block) => Arc::new(block),
            Err(error) => {
                // another body may be the one that the header commits to
                if !matches!(error, RuleError::MerkleRoot { .. }) {
                    self.mark_invalid(id)?;
                }
                return Err(error.into());
            }
        };
        self.store.insert_block(&block).map_err(ChainError::Store)?;
        self.candidates.body_arrived(&self.tree, id);
        Ok(Inserted::New)
    }

    /// Does one piece of work towards the best chain: connects or takes back at most one block.
    ///
    /// The signatures of blocks that come next may be verified with that block's, no more of them than take a part of the
    /// time of the largest block; whether these blocks are valid is decided when their turn comes.
    ///
    /// A block that is found invalid by what the store answers is judged once more after the store has been compared with
    /// its checksums ([`ChainStore::check_integrity`]): once for each such block, on a branch with more work than the tip's.
    ///
    /// # Errors
    /// When the store fails; what was begun is dropped, the active chain is as it was.
    pub fn advance(&mut self) -> Result<Advance, ChainError<S::Error>> {
        let mut reorg = match self.reorg.take() {
            Some(reorg) => reorg,
            None => match self.candidates.best(&self.tree, self.tip_node()) {
                Some(candidate) => {
                    Reorg::towards(&self.tree, candidate, self.tip_node(), &self.state, self.lookahead.most())
                }
                None => return Ok(Advance::Idle),
            },
        };
        let advanced = self.step(&mut reorg);
        match &advanced {
            Ok(Advance::Working) => self.reorg = Some(reorg),
            // it stays with the first error
            Err(_) => drop(self.store.unstage()),
            Ok(_) => {}
        }
        advanced
    }

    fn step(&mut self, reorg: &mut Reorg) -> Result<Advance, ChainError<S::Error>> {
        let (verifier, lookahead) = (self.verifier.as_ref(), &mut self.lookahead);
        match reorg.step(&self.tree, &self.store, verifier, &self.deltas, lookahead, &mut self.recent)? {
            Step::Working => {
                if let Some(part) = reorg.take_part(&self.tree, self.stage_bytes) {
                    self.store.stage(part).map_err(ChainError::Store)?;
                }
                Ok(Advance::Working)
            }
            Step::Invalid { id, error } => {
                self.store.unstage().map_err(ChainError::Store)?;
                let missing = match &error {
                    RuleError::CoinExists { outpoint, .. } => Some(Some(outpoint)),
                    RuleError::StateRoot { .. } => Some(None),
                    _ => None,
                };
                if let Some(missing) = missing.filter(|_| self.doubted != Some(id)) {
                    self.store.check_integrity(missing).map_err(ChainError::Store)?;
                    self.doubted = Some(id);
                    self.lookahead.clear();
                    // from the fork on, by what a sound store says
                    *reorg =
                        Reorg::towards(&self.tree, reorg.target(), self.tip_node(), &self.state, self.lookahead.most());
                    return Ok(Advance::Working);
                }
                self.mark_invalid(id)?;
                Ok(Advance::Invalid { hash: self.tree.node(id).hash, error })
            }
            Step::Done(finished) => {
                let (tip, state) = (finished.update.tip, finished.update.state.clone());
                self.store.commit(finished.update).map_err(ChainError::Store)?;
                let tip = self.tree.find(&tip).ok_or(ChainError::Lost(tip))?;
                self.set_active(tip);
                self.state = state;
                Ok(Advance::Moved(Moved { disconnected: finished.left, connected: finished.entered }))
            }
        }
    }

    /// Makes all that the store was given so far outlast a loss of power; [`ChainStore::sync`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn sync(&mut self) -> Result<(), ChainError<S::Error>> {
        self.store.sync().map_err(ChainError::Store)
    }

    /// Keeps the transactions that wait for a block, for the next start; durable with the next [sync](Self::sync).
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), ChainError<S::Error>> {
        if self.reorg.is_some() {
            self.abandon()?;
        }
        self.store.keep_waiting(waiting).map_err(ChainError::Store)
    }

    fn mark_invalid(&mut self, id: NodeId) -> Result<(), ChainError<S::Error>> {
        self.tree.mark_node_invalid(id);
        self.candidates.drop_invalid(&self.tree);
        // what was begun may build on it
        if self.reorg.as_ref().is_some_and(|reorg| reorg.is_spoilt(&self.tree)) {
            self.abandon()?;
        }
        self.lookahead.clear();
        if self.candidates.has_body(id) {
            self.store.mark_invalid(&self.tree.node(id).hash).map_err(ChainError::Store)?;
        }
        Ok(())
    }

    /// Drops the reorganisation that was begun; it is begun anew if it is still worth it.
    fn abandon(&mut self) -> Result<(), ChainError<S::Error>> {
        self.reorg = None;
        self.lookahead.clear();
        self.store.unstage().map_err(ChainError::Store)
    }

    /// Makes the chain that ends at `tip` the active one.
    fn set_active(&mut self, tip: NodeId) {
        let mut branch = Vec::new();
        let mut at = tip;
        while self.active.get(height_index(self.tree.node(at).header.height)) != Some(&at) {
            self.tree.mark_node_connected(at);
            branch.push(at);
            at = self.tree.parent(at);
        }
        self.active.truncate(height_index(self.tree.node(at).header.height) + 1);
        self.active.extend(branch.into_iter().rev());
        self.candidates.prune(&self.tree, tip);
    }

    fn store_genesis(&mut self) -> Result<(), ChainError<S::Error>> {
        let params = self.params();
        let block = CheckedBlock::unjudged(params.genesis().clone());
        let update = ChainUpdate {
            disconnected: Vec::new(),
            connected: vec![ConnectedUpdate {
                block: Arc::new(block),
                undo: BlockUndo { spent: Vec::new(), merged: Default::default() },
            }],
            diff: params.genesis_coins().clone(),
            tip: params.genesis_hash(),
            state: params.genesis_state().clone(),
        };
        self.store.commit(update).map_err(ChainError::Store)
    }
}

impl<S> std::fmt::Debug for Chain<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain")
            .field("network", &self.tree.params().spec().name)
            .field("headers", &self.tree.len())
            .field("height", &(self.active.len() - 1))
            .finish_non_exhaustive()
    }
}

/// A chain's error when its store is in memory.
pub type MemoryChainError = ChainError<Infallible>;

#[cfg(test)]
mod tests;

fn height_index(height: u64) -> usize {
    usize::try_from(height).unwrap_or(usize::MAX)
}

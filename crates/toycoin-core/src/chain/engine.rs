//! The chain engine.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    chain::{
        Advance, Applied, ChainError, HeaderError, HeaderTree, Inserted, Moved,
        candidates::Candidates,
        header_tree::NodeId,
        lookahead::Lookahead,
        mountains::{Mountains, leaf_at},
        recent::Recent,
        reorg::{Reorg, Step},
    },
    consensus::{RuleError, SignatureVerifier, check_body, check_form, push_checks},
    header::Header,
    identified_block::IdentifiedBlock,
    identified_transaction::IdentifiedTransaction,
    rule::Rule,
    state::{ChainState, Deltas},
    store::{ChainStore, WaitingTransaction},
    utxo::Coin,
};

/// A blockchain: its header tree, its active chain and its UTXO set, kept in a store.
pub struct Chain<S> {
    pub(super) tree: HeaderTree,
    pub(super) store: S,
    pub(super) verifier: Arc<dyn SignatureVerifier>,
    pub(super) deltas: Deltas,
    /// The active chain by height, from the tree's lowest header on.
    pub(super) active: Vec<NodeId>,
    /// The inner nodes of the Merkle mountain range over the active chain, its tip included. Empty in a chain that
    /// began at a snapshot: it does not have the leaves.
    pub(super) mountains: Mountains,
    /// The state after the active chain's tip.
    pub(super) state: ChainState,
    /// The height below which the store has pruned.
    pub(super) pruned_below: u64,
    pub(super) candidates: Candidates,
    pub(super) reorg: Option<Reorg>,
    /// Size in bytes, by estimate, from which a part of a reorganisation goes to the store.
    pub(super) stage_bytes: u64,
    pub(super) lookahead: Lookahead,
    pub(super) recent: Recent,
    /// A block that the store's answers made invalid, for which the store has been compared with its checksums.
    pub(super) doubted: Option<NodeId>,
    /// The rule that each invalid block breaks, as far as it was judged since the chain was opened.
    pub(super) broken: BTreeMap<NodeId, Rule>,
}

impl<S: ChainStore> Chain<S> {
    /// Precomputes the change of the state by a transaction, before a block holds it. `spent` are the coins that its
    /// inputs name, in the order of the inputs.
    ///
    /// A short transaction is remembered whole, and so is whether the verifier of this chain has verified its signatures
    /// before. A block's transaction that is the same in every byte is then not hashed and verified again.
    ///
    /// This saves time later and decides nothing: the transaction need not be valid.
    pub fn prepare(&mut self, transaction: &IdentifiedTransaction, spent: &[Coin]) {
        if transaction.inputs.len() == spent.len() {
            let verified_on = || self.has_verified(transaction, spent).then(|| self.params().genesis_hash());
            self.deltas.prepare_with(transaction, spent, verified_on);
        }
    }

    /// Returns what was [prepared](Self::prepare).
    pub const fn deltas(&self) -> &Deltas {
        &self.deltas
    }

    /// Returns whether the verifier remembers that all signatures of a transaction are valid if it spends these coins.
    fn has_verified(&self, transaction: &IdentifiedTransaction, spent: &[Coin]) -> bool {
        let coins: Vec<_> = spent.iter().copied().map(Some).collect();
        let mut checks = Vec::with_capacity(coins.len());
        let pushed = push_checks(self.params(), transaction.txid(), transaction, &coins, |_, check| checks.push(check));
        pushed.is_ok() && checks.len() == transaction.inputs.len() && self.verifier.has_verified(&checks)
    }

    /// Judges and stores a block, then moves the tip as far as the stored blocks allow. A caller who knows the block's
    /// hash passes an [`IdentifiedBlock`], so that it is not computed again.
    ///
    /// `now_ms` is the Unix time in milliseconds, for the rule that no block is far ahead of now (R14).
    ///
    /// # Errors
    /// When the block breaks a rule, its parent is unknown or invalid, or the store fails.
    pub fn apply(&mut self, block: impl Into<IdentifiedBlock>, now_ms: u64) -> Result<Applied, ChainError<S::Error>> {
        let block = block.into();
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

    /// Judges a header by rules R06 to R14 and adds it to the tree. Returns false when the header was known already.
    ///
    /// # Errors
    /// When the parent is unknown or invalid, or the header breaks a rule.
    pub fn insert_header(&mut self, header: &Header, now_ms: u64) -> Result<bool, HeaderError> {
        self.tree.insert(header, now_ms)
    }

    /// Judges a block's header as [`insert_header`](Self::insert_header) does, without computing its hash again.
    ///
    /// # Errors
    /// As for [`insert_header`](Self::insert_header).
    pub fn insert_header_of(&mut self, block: &IdentifiedBlock, now_ms: u64) -> Result<bool, HeaderError> {
        let was_known = self.tree.find(&block.hash()).is_some();
        self.tree.insert_node(&block.header, block.hash(), now_ms).map(|_| !was_known)
    }

    /// Judges a block by rules R01 to R21 and R33, which need no UTXO set, and stores it. [`advance`](Self::advance)
    /// moves the tip. A caller who knows the block's hash passes an [`IdentifiedBlock`], so that it is not computed
    /// again.
    ///
    /// An error of a rule up to R15 says nothing about the block's hash: the sender of the body is to blame. From R16
    /// on, the block itself is marked as invalid.
    ///
    /// # Errors
    /// When the block breaks a rule, its parent is unknown or invalid, or the store fails.
    pub fn insert_block(
        &mut self,
        block: impl Into<IdentifiedBlock>,
        now_ms: u64,
    ) -> Result<Inserted, ChainError<S::Error>> {
        let block = block.into();
        let hash = block.hash();
        match self.tree.find(&hash) {
            Some(id) if self.tree.node(id).invalid => return Err(ChainError::Invalid(hash)),
            Some(id) if self.candidates.has_body(id) => return Ok(Inserted::Known),
            _ => {}
        }
        check_form(self.params(), &block)?;
        let id = self.tree.insert_node(&block.header, hash, now_ms)?;
        let block = match check_body(self.params(), block, &self.deltas) {
            Ok(block) => Arc::new(block),
            Err(error) => {
                // the header may commit to another body
                if !matches!(error, RuleError::MerkleRoot { .. }) {
                    self.mark_invalid(id, error.rule())?;
                }
                return Err(error.into());
            }
        };
        self.store.insert_block(&block).map_err(ChainError::Store)?;
        self.candidates.note(&self.tree, id, block.block());
        self.candidates.body_arrived(&self.tree, id);
        Ok(Inserted::New)
    }

    /// Does one step towards the best chain: connects or disconnects at most one block.
    ///
    /// The signatures of the blocks that follow may be verified in the same batch. The batch is bounded, so that a step
    /// takes no longer than the largest block would. Each of those blocks is judged when its turn comes.
    ///
    /// A missing coin or a wrong state root may come from a damaged store. Before such a block counts as invalid, the
    /// store is compared with its checksums ([`ChainStore::check_integrity`]) and the block is judged once more. This
    /// happens once per block, on a branch with more work than the tip's.
    ///
    /// # Errors
    /// When the store fails. The reorganisation in progress is dropped, and the active chain is unchanged. Also
    /// [`ChainError::Pruned`] when the branch with the most work leaves the active chain below its
    /// [first block](Self::first_block): each call says so again, since no other branch may be active.
    pub fn advance(&mut self) -> Result<Advance, ChainError<S::Error>> {
        let mut reorg = match self.reorg.take() {
            Some(reorg) => reorg,
            None => match self.candidates.best(&self.tree, self.tip_node()) {
                Some(candidate) => {
                    let ahead = self.lookahead.most();
                    let reorg = Reorg::towards(&self.tree, candidate, self.tip_node(), &self.state, ahead);
                    self.require_kept(&reorg)?;
                    reorg
                }
                None => return Ok(Advance::Idle),
            },
        };
        let advanced = self.step(&mut reorg);
        match &advanced {
            Ok(Advance::Working) => self.reorg = Some(reorg),
            // the first error is the one to report
            Err(_) => drop(self.store.unstage()),
            Ok(_) => {}
        }
        advanced
    }

    /// Refuses a move that disconnects a block which was pruned.
    fn require_kept(&self, reorg: &Reorg) -> Result<(), ChainError<S::Error>> {
        let fork = self.height().saturating_sub(reorg.depth());
        let first = self.first_block();
        if reorg.depth() > 0 && fork + 1 < first { Err(ChainError::Pruned { fork, first }) } else { Ok(()) }
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
                    // begins again at the fork, with the answers of a sound store
                    *reorg =
                        Reorg::towards(&self.tree, reorg.target(), self.tip_node(), &self.state, self.lookahead.most());
                    return Ok(Advance::Working);
                }
                self.mark_invalid(id, error.rule())?;
                Ok(Advance::Invalid { hash: self.tree.node(id).hash, error })
            }
            Step::Done(finished) => {
                let (tip, state) = (finished.update.tip, finished.update.state.clone());
                self.store.commit(finished.update).map_err(ChainError::Store)?;
                let tip = self.tree.find(&tip).ok_or(ChainError::Lost(tip))?;
                let fork = self.height() - finished.left.len() as u64;
                self.set_active(tip);
                self.state = state;
                if !finished.left.is_empty() {
                    self.store.discard_snapshots(fork + 1).map_err(ChainError::Store)?;
                }
                self.make_snapshot_if_due()?;
                Ok(Advance::Moved(Moved { disconnected: finished.left, connected: finished.entered }))
            }
        }
    }

    /// Makes everything that the store was given so far survive a loss of power ([`ChainStore::sync`]).
    ///
    /// # Errors
    /// When the store fails.
    pub fn sync(&mut self) -> Result<(), ChainError<S::Error>> {
        self.store.sync().map_err(ChainError::Store)
    }

    /// Begins to make everything survive a loss of power that the store was given so far
    /// ([`ChainStore::begin_sync`]).
    ///
    /// # Errors
    /// When the store fails.
    pub fn begin_sync(&mut self) -> Result<(), ChainError<S::Error>> {
        self.store.begin_sync().map_err(ChainError::Store)
    }

    /// Stores the transactions that wait for a block, for the next start. They are durable after the next
    /// [`sync`](Self::sync).
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), ChainError<S::Error>> {
        if self.reorg.is_some() {
            self.abandon()?;
        }
        self.store.keep_waiting(waiting).map_err(ChainError::Store)
    }

    fn mark_invalid(&mut self, id: NodeId, rule: Rule) -> Result<(), ChainError<S::Error>> {
        self.broken.insert(id, rule);
        self.tree.mark_node_invalid(id);
        self.candidates.drop_invalid(&self.tree);
        // the reorganisation in progress may build on it
        if self.reorg.as_ref().is_some_and(|reorg| reorg.is_spoilt(&self.tree)) {
            self.abandon()?;
        }
        self.lookahead.clear();
        if self.candidates.has_body(id) {
            self.store.mark_invalid(&self.tree.node(id).hash).map_err(ChainError::Store)?;
        }
        Ok(())
    }

    /// Drops the reorganisation in progress. It begins again if its branch still has the most work.
    fn abandon(&mut self) -> Result<(), ChainError<S::Error>> {
        self.reorg = None;
        self.lookahead.clear();
        self.store.unstage().map_err(ChainError::Store)
    }

    /// Makes the chain that ends at `tip` the active one.
    pub(super) fn set_active(&mut self, tip: NodeId) {
        let mut branch = Vec::new();
        let mut at = tip;
        while self.active.get(self.active_index(self.tree.node(at).header.height)) != Some(&at) {
            self.tree.mark_node_connected(at);
            branch.push(at);
            at = self.tree.parent(at);
        }
        let standing = self.tree.node(at).header.height + 1;
        self.active.truncate(self.active_index(standing));
        self.active.extend(branch.into_iter().rev());
        if self.tree.base() == 0 {
            let leaf = |height: u64| leaf_at(&self.tree, &self.active, height);
            self.mountains.follow(standing, self.active.len() as u64, leaf);
        }
        self.candidates.prune(&self.tree, tip);
    }

    /// Returns the index in the active chain of the block at `height`: beyond its end if the chain does not have it.
    pub(super) fn active_index(&self, height: u64) -> usize {
        height.checked_sub(self.tree.base()).map_or(usize::MAX, height_index)
    }
}

impl<S> std::fmt::Debug for Chain<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain")
            .field("network", &self.tree.params().spec().name)
            .field("headers", &self.tree.len())
            .field("height", &(self.tree.base() + self.active.len() as u64 - 1))
            .finish_non_exhaustive()
    }
}

pub(super) fn height_index(height: u64) -> usize {
    usize::try_from(height).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;

//! Lookahead: blocks judged before their turn, so that the signatures of several are verified as one batch.
//!
//! A signature costs several times less in a batch of some dozens than alone, and a block of few payments is no such
//! batch. Several blocks of a branch wait to be connected while a node catches up and in a reorganisation. The
//! lookahead gathers the next blocks and judges each on top of the one before it, in an overlay. Their signatures go to
//! the verifier together, and their state roots are left for later. Each block is then connected in its turn as if it
//! had come alone:
//!
//! ```text
//!   waiting   5   6   7   8   9 ..            judge: R22-30          verify: R31           conclude: R32
//!             └────────────────────────────▶  5 ▶ 6 ▶ 7 ▶ 8  ─────▶  one batch  ─────▶  5, then 6, then 7 ..
//! ```
//!
//! The coins that a block finds depend only on its ancestors, so a result holds for as long as its branch is followed.
//! The lookahead decides nothing. The window ends before a block that breaks a rule, whose body is missing, or with an
//! invalid signature. That block is judged again alone when its turn comes.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    amount::Amount,
    chain::{
        ChainError,
        header_tree::{HeaderTree, NodeId},
    },
    consensus::{BlockCoins, CheckedBlock, Judged, SignatureVerifier, gather, judge},
    state::Deltas,
    store::ChainStore,
    transaction::OutPoint,
    utxo::{Coin, Overlay, UtxoDiff, UtxoView},
};

/// Most blocks that are judged ahead at a time.
pub(super) const MAX_BLOCKS: usize = 64;

/// Most signatures that are verified together across several blocks: about 15 ms on one core, a sixth of the time of
/// the largest block. Larger batches gain little more (docs/performance.md). A block with more signatures is verified
/// alone.
const MAX_SIGNATURES: usize = 1_024;

/// The next blocks of a branch, valid except for their state roots, which are not judged yet.
#[derive(Debug)]
pub(super) struct Lookahead {
    most: usize,
    /// Each block builds on the one before it. All their signatures are valid.
    blocks: VecDeque<Ahead>,
    /// A block with an invalid signature. Nothing after it is judged ahead.
    spoilt: Option<NodeId>,
}

/// A judged block. Its state root is not judged yet, and a signature may be invalid.
#[derive(Debug)]
pub(super) struct Ahead {
    id: NodeId,
    pub(super) block: Arc<CheckedBlock>,
    pub(super) coins: BlockCoins,
    pub(super) judged: Judged,
    /// The index of its first invalid signature.
    pub(super) invalid: Option<usize>,
}

/// The context in which blocks are judged.
pub(super) struct JudgeContext<'a, S> {
    pub(super) tree: &'a HeaderTree,
    pub(super) store: &'a S,
    pub(super) verifier: &'a dyn SignatureVerifier,
    pub(super) deltas: &'a Deltas,
    /// The change from the store's UTXO set, staged parts included, to the one before the first block.
    pub(super) diff: &'a UtxoDiff,
    /// The money issued up to that point.
    pub(super) issued: Amount,
}

impl Lookahead {
    /// Creates a lookahead of at most `most` blocks at a time, and at least 1.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), blocks: VecDeque::new(), spoilt: None }
    }

    /// Returns how many blocks are judged together.
    pub(super) fn most(&self) -> u64 {
        self.most as u64
    }

    /// Forgets all judged blocks.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.spoilt = None;
    }

    /// Returns the block `first`, judged except for its state root. If it was not judged ahead, it is judged now,
    /// together with the blocks that follow it on its branch.
    ///
    /// # Errors
    /// An error of that block or of the store, never one of a block that follows.
    pub(super) fn next<S: ChainStore>(
        &mut self,
        first: NodeId,
        following: impl IntoIterator<Item = NodeId>,
        site: &JudgeContext<'_, S>,
    ) -> Result<Ahead, ChainError<S::Error>> {
        match self.blocks.pop_front() {
            Some(ahead) if ahead.id == first => Ok(ahead),
            // the chain follows another branch now
            _ => self.look(first, following, site),
        }
    }

    fn look<S: ChainStore>(
        &mut self,
        first: NodeId,
        following: impl IntoIterator<Item = NodeId>,
        site: &JudgeContext<'_, S>,
    ) -> Result<Ahead, ChainError<S::Error>> {
        self.blocks.clear();
        let mut first = site.judge(first, site.body(first)?, &UtxoDiff::default(), site.issued)?;
        // with a rule switched off, a block with an invalid signature may be valid
        if site.tree.params().enforces_all() && self.spoilt != Some(first.id) {
            self.judge_following(&first, following, site);
        }

        let mut checks = first.judged.checks().to_vec();
        self.blocks.iter().for_each(|ahead| checks.extend_from_slice(ahead.judged.checks()));
        let Some(invalid) = site.verifier.first_invalid(&checks) else { return Ok(first) };
        // all checks before the first invalid one hold
        let mut before = first.judged.checks().len();
        if invalid < before {
            first.invalid = Some(invalid);
            self.blocks.clear();
            return Ok(first);
        }
        let right = self.blocks.iter().take_while(|ahead| {
            before += ahead.judged.checks().len();
            before <= invalid
        });
        let right = right.count();
        self.spoilt = self.blocks.get(right).map(|ahead| ahead.id);
        self.blocks.truncate(right);
        Ok(first)
    }

    /// Judges the blocks that follow a block, as far as the limits allow.
    fn judge_following<S: ChainStore>(
        &mut self,
        first: &Ahead,
        following: impl IntoIterator<Item = NodeId>,
        site: &JudgeContext<'_, S>,
    ) {
        let most = site.tree.params().spec().block_size_limit;
        let (mut size, mut signatures) = (first.block.block().size(), first.judged.checks().len());
        let (mut diff, mut last): (UtxoDiff, &Ahead) = (UtxoDiff::default(), first);
        for id in following.into_iter().take(self.most - 1) {
            // any error is found again when the block's turn comes
            let Ok(block) = site.body(id) else { return };
            size = size.saturating_add(block.block().size());
            signatures += block.block().transactions.iter().map(|payment| payment.signatures.len()).sum::<usize>();
            if size > most || signatures > MAX_SIGNATURES {
                return;
            }
            diff.append(last.judged.diff());
            let Ok(ahead) = site.judge(id, block, &diff, last.judged.issued()) else { return };
            self.blocks.push_back(ahead);
            last = self.blocks.back().unwrap_or(first);
        }
    }
}

/// The UTXO set of a store after the staged parts.
struct Staged<'a, S>(&'a S);

impl<S: ChainStore> UtxoView for Staged<'_, S> {
    type Error = S::Error;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, S::Error> {
        self.0.staged_coin(outpoint)
    }
}

impl<S: ChainStore> JudgeContext<'_, S> {
    fn body(&self, id: NodeId) -> Result<Arc<CheckedBlock>, ChainError<S::Error>> {
        let hash = self.tree.node(id).hash;
        self.store.block(&hash).map_err(ChainError::Store)?.ok_or(ChainError::Lost(hash))
    }

    /// Judges a block on top of a change that the store does not hold yet.
    fn judge(
        &self,
        id: NodeId,
        block: Arc<CheckedBlock>,
        diff: &UtxoDiff,
        issued: Amount,
    ) -> Result<Ahead, ChainError<S::Error>> {
        let staged = Staged(self.store);
        let below = Overlay::new(&staged, self.diff);
        let coins = gather(&block, &Overlay::new(&below, diff)).map_err(ChainError::Store)?;
        let judged = judge(self.tree.params(), &block, &coins, issued, self.deltas)?;
        Ok(Ahead { id, block, coins, judged, invalid: None })
    }
}

//! Blocks judged ahead of their turn, so that the signatures of several are verified as one batch.
//!
//! A signature costs several times less in a batch of some dozens than by itself, and blocks of a few payments make no
//! such batch. Where several blocks of a branch wait to be connected, as in catching up and in reorganisations, those that
//! come next are gathered and judged one upon the other in an overlay, all but their signatures and state roots, and
//! their signatures go to the verifier together. Each is then connected in its turn as if it had come alone:
//!
//! ```text
//!   waiting   5   6   7   8   9 ..            judge: R22-30          verify: R31           conclude: R32
//!             └────────────────────────────▶  5 ▶ 6 ▶ 7 ▶ 8  ─────▶  one batch  ─────▶  5, then 6, then 7 ..
//! ```
//!
//! What coins a block finds hangs on its ancestors alone, so what was judged ahead stands for as long as its branch is
//! followed. Nothing is decided ahead: a block that breaks a rule, whose body is not to be had, or whose signatures do not
//! hold ends the window before it, and is judged again by itself when its turn comes.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    amount::Amount,
    chain::{
        ChainError,
        header_tree::{HeaderTree, NodeId},
    },
    consensus::{BlockCoins, CheckedBlock, Judged, SignatureVerifier, gather, judge},
    store::ChainStore,
    transaction::OutPoint,
    utxo::{Coin, Overlay, UtxoDiff, UtxoView},
};

/// Most blocks that are looked at together.
pub(super) const BLOCKS: usize = 64;

/// Most signatures that are verified together where several blocks have them: some 15 ms of one core, a sixth of what the
/// largest block takes. What batches gain flattens out there (docs/performance.md). A block that has more goes alone.
const SIGNATURES: usize = 1_024;

/// The blocks that come next on a branch, right but for their state roots.
#[derive(Debug)]
pub(super) struct Lookahead {
    most: usize,
    /// One upon the other; the signatures of all hold.
    blocks: VecDeque<Ahead>,
    /// A block of which a signature does not hold: what follows it is not worth a look.
    spoilt: Option<NodeId>,
}

/// A block that is right but for its state root, and perhaps for a signature.
#[derive(Debug)]
pub(super) struct Ahead {
    id: NodeId,
    pub(super) block: Arc<CheckedBlock>,
    pub(super) coins: BlockCoins,
    pub(super) judged: Judged,
    /// The first of its signatures that does not hold.
    pub(super) invalid: Option<usize>,
}

/// Where blocks are judged.
pub(super) struct JudgeContext<'a, S> {
    pub(super) tree: &'a HeaderTree,
    pub(super) store: &'a S,
    pub(super) verifier: &'a dyn SignatureVerifier,
    /// What becomes of the store's coins, after what is staged, up to the block before the first.
    pub(super) diff: &'a UtxoDiff,
    /// The money issued up to there.
    pub(super) issued: Amount,
}

impl Lookahead {
    /// Looks at so many blocks at a time, at least at one.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), blocks: VecDeque::new(), spoilt: None }
    }

    /// Returns how many blocks are looked at together.
    pub(super) fn most(&self) -> u64 {
        self.most as u64
    }

    /// Forgets what was judged.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.spoilt = None;
    }

    /// Returns the block whose turn it is, `first`, judged but for its state root. If it was not judged ahead it is now,
    /// and with it those that follow it on its branch.
    ///
    /// # Errors
    /// What is wrong with that block or with the store; never what is wrong with one that follows.
    pub(super) fn next<S: ChainStore>(
        &mut self,
        first: NodeId,
        following: impl IntoIterator<Item = NodeId>,
        site: &JudgeContext<'_, S>,
    ) -> Result<Ahead, ChainError<S::Error>> {
        match self.blocks.pop_front() {
            Some(ahead) if ahead.id == first => Ok(ahead),
            // another branch is followed now
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
        // where a rule is switched off, what does not hold may stand
        if site.tree.params().enforces_all() && self.spoilt != Some(first.id) {
            self.judge_following(&first, following, site);
        }

        let mut checks = first.judged.checks().to_vec();
        self.blocks.iter().for_each(|ahead| checks.extend_from_slice(ahead.judged.checks()));
        let Some(invalid) = site.verifier.first_invalid(&checks) else { return Ok(first) };
        // those before the first that does not hold do
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

    /// Judges what follows a block, as far as that is worth it.
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
            // whatever is wrong is found again when its turn comes
            let Ok(block) = site.body(id) else { return };
            size = size.saturating_add(block.block().size());
            signatures += block.block().transactions.iter().map(|payment| payment.signatures.len()).sum::<usize>();
            if size > most || signatures > SIGNATURES {
                return;
            }
            diff.append(last.judged.diff());
            let Ok(ahead) = site.judge(id, block, &diff, last.judged.issued()) else { return };
            self.blocks.push_back(ahead);
            last = self.blocks.back().unwrap_or(first);
        }
    }
}

/// The coins of a store as they are after what is staged.
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

    /// Judges a block upon a change that is not made yet.
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
        let judged = judge(self.tree.params(), &block, &coins, issued)?;
        Ok(Ahead { id, block, coins, judged, invalid: None })
    }
}

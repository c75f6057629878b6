//! A move of the tip in progress: judged block by block in an overlay, one block per step.
//!
//! Changes wait in memory as one part. When the part becomes large, the chain writes it to the store as a stage, and
//! the reorganisation continues with an empty part. A reorganisation of any depth therefore takes no more memory than
//! one part:
//!
//! ```text
//!   leave ◀── 9 ◀── 8 ◀── 7      enter ── 7' ── 8' ── 9' ── 10' ──▶
//!             └─ part ─┘└── part ──┘└── part ──┘└ last part ┘
//!                stage     stage       stage       commit: the tip moves from 9 to 10'
//! ```

use std::sync::Arc;

use crate::{
    chain::recent::Recent,
    chain::{
        ChainError,
        header_tree::{HeaderTree, NodeId},
        lookahead::{Ahead, JudgeContext, Lookahead},
    },
    consensus::{BlockContext, CheckedBlock, RuleError, SignatureVerifier},
    digest::BlockHash,
    proof::Opening,
    state::{ChainState, Deltas},
    store::{BlockUndo, ChainStore, ChainUpdate, ConnectedUpdate},
    utxo::UtxoDiff,
};

/// Size in bytes, by estimate, from which a part of a move goes to the store: 32 MiB, about 10 full blocks.
pub(super) const STAGE_BYTES: u64 = 32 << 20;

/// Bytes of memory that a spent or created coin takes within a change, by estimate.
const CHANGE: u64 = 160;

/// Bytes of memory that a coin takes within undo data, by estimate.
const UNDO: u64 = 88;

/// Blocks to disconnect, blocks to connect, and the progress so far.
#[derive(Debug)]
pub(super) struct Reorg {
    /// Blocks still to disconnect, the next one last.
    leave: Vec<NodeId>,
    /// Blocks still to connect, the next one last. The first `beyond` of them belong to later moves.
    enter: Vec<NodeId>,
    /// How many blocks of `enter` are left for later moves.
    beyond: usize,
    /// The last block of the branch within the lookahead.
    target: NodeId,
    /// The block that is the tip of the work in progress.
    at: NodeId,
    /// The changes since the last part was staged.
    disconnected: Vec<Arc<CheckedBlock>>,
    connected: Vec<ConnectedUpdate>,
    diff: UtxoDiff,
    /// Bytes of memory that the blocks of this part take.
    bytes: u64,
    state: ChainState,
    /// The hashes of the blocks of all parts.
    left: Vec<BlockHash>,
    entered: Vec<BlockHash>,
}

/// A move that has been judged completely.
#[derive(Debug)]
pub(super) struct Finished {
    /// The last part of the move, or all of it.
    pub(super) update: ChainUpdate,
    /// The blocks that leave the active chain, the old tip first.
    pub(super) left: Vec<BlockHash>,
    /// The blocks that enter the active chain, the new tip last.
    pub(super) entered: Vec<BlockHash>,
}

/// The outcome of one step.
#[derive(Debug)]
pub(super) enum Step {
    Working,
    Invalid { id: NodeId, error: RuleError },
    Done(Box<Finished>),
}

impl Reorg {
    /// Plans the shortest move from `tip` towards `candidate` that increases the work.
    ///
    /// Without a fork, that is 1 block. With a fork, it is as many blocks as exceed the work of those that they
    /// replace. The rest of the candidate's branch follows in later moves, so that each move of the tip takes as few
    /// blocks as possible. Without a fork, the plan reaches at most `ahead` blocks past the tip.
    pub(super) fn towards(tree: &HeaderTree, candidate: NodeId, tip: NodeId, state: &ChainState, ahead: u64) -> Self {
        let fork = tree.fork_point(candidate, tip);
        let climb = |from: NodeId| {
            std::iter::successors(Some(from), |id| Some(tree.parent(*id))).take_while(move |id| *id != fork)
        };
        let mut leave: Vec<_> = climb(tip).collect();
        leave.reverse();
        let work = tree.node(tip).work;
        // without a fork the branch may be long, and each of its blocks is a move of its own
        let in_view = tree.node(fork).header.height.saturating_add(ahead);
        let top = if fork == tip { tree.ancestor_node(candidate, in_view) } else { None };
        let target = top.unwrap_or(candidate);
        let enter: Vec<_> = climb(target).collect();
        // the move ends at the first block after the fork that has more work than the tip
        let beyond = enter.iter().take_while(|id| tree.node(tree.parent(**id)).work > work).count();
        Self {
            leave,
            enter,
            beyond,
            target,
            at: tip,
            disconnected: Vec::new(),
            connected: Vec::new(),
            diff: UtxoDiff::default(),
            bytes: 0,
            state: state.clone(),
            left: Vec::new(),
            entered: Vec::new(),
        }
    }

    /// Returns how many blocks are still to be disconnected.
    pub(super) fn depth(&self) -> u64 {
        self.leave.len() as u64
    }

    /// Returns the last block of the branch within the lookahead.
    pub(super) const fn target(&self) -> NodeId {
        self.target
    }

    /// Returns whether the branch contains a block that is known to break a rule.
    pub(super) fn is_spoilt(&self, tree: &HeaderTree) -> bool {
        tree.node(self.target).invalid
    }

    /// Returns the changes since the last part, if they take `bytes` bytes or more.
    pub(super) fn take_part(&mut self, tree: &HeaderTree, bytes: u64) -> Option<ChainUpdate> {
        (self.bytes + CHANGE * self.diff.len() as u64 >= bytes).then(|| self.take(tree))
    }

    fn take(&mut self, tree: &HeaderTree) -> ChainUpdate {
        self.bytes = 0;
        ChainUpdate {
            disconnected: std::mem::take(&mut self.disconnected),
            connected: std::mem::take(&mut self.connected),
            diff: std::mem::take(&mut self.diff),
            tip: tree.node(self.at).hash,
            state: self.state.clone(),
        }
    }

    /// Adds a block to the size of the part.
    fn count(&mut self, block: &CheckedBlock, undo: &BlockUndo) {
        // a decoded block takes about twice its size by formula
        self.bytes += 2 * block.block().size() + UNDO * undo.spent.len() as u64;
    }

    /// Disconnects one block, or judges one block to be connected.
    pub(super) fn step<S: ChainStore>(
        &mut self,
        tree: &HeaderTree,
        store: &S,
        verifier: &dyn SignatureVerifier,
        deltas: &Deltas,
        lookahead: &mut Lookahead,
        recent: &mut Recent,
    ) -> Result<Step, ChainError<S::Error>> {
        if let Some(id) = self.leave.pop() {
            let hash = tree.node(id).hash;
            let block = match recent.get(&hash) {
                Some(block) => block,
                None => store.block(&hash).map_err(ChainError::Store)?.ok_or(ChainError::Lost(hash))?,
            };
            let undo = store.undo(&hash).map_err(ChainError::Store)?.ok_or(ChainError::Lost(hash))?;
            let inverse = undo.inverse(&block);
            self.state.apply(&inverse);
            self.state.ancestors.pop(&undo.merged);
            self.diff.extend(inverse);
            self.count(&block, &undo);
            self.at = tree.parent(id);
            self.left.push(hash);
            self.disconnected.push(block);
            return Ok(Step::Working);
        }
        if self.enter.len() > self.beyond
            && let Some(id) = self.enter.pop()
        {
            let site = JudgeContext { tree, store, verifier, deltas, diff: &self.diff, issued: self.state.issued };
            let connected = lookahead.next(id, self.enter.iter().rev().copied(), &site).and_then(|ahead| {
                let Ahead { block, coins, judged, invalid, .. } = ahead;
                let place = BlockContext { state: &self.state, work: tree.node(tree.parent(id)).work };
                let connected = judged.conclude(tree.params(), &block, &coins, place, invalid)?;
                Ok((block, connected))
            });
            match connected {
                Ok((block, connected)) => {
                    let undo = BlockUndo::of(&connected);
                    self.diff.extend(connected.diff);
                    self.state = connected.state;
                    self.count(&block, &undo);
                    self.at = id;
                    self.entered.push(block.hash());
                    recent.push(&block);
                    self.connected.push(ConnectedUpdate { block, undo, opening: Opening::of(&self.state) });
                }
                Err(ChainError::Rule(error)) => return Ok(Step::Invalid { id, error }),
                Err(error) => return Err(error),
            }
        }
        if self.connected.is_empty() || self.enter.len() > self.beyond {
            return Ok(Step::Working);
        }
        let [left, entered] = [&mut self.left, &mut self.entered].map(std::mem::take);
        Ok(Step::Done(Box::new(Finished { update: self.take(tree), left, entered })))
    }
}

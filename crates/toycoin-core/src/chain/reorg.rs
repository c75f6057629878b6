//! A move of the tip in the making: judged block by block in an overlay, one block a step.
//!
//! What is changed so far waits in memory as one part. When that part has become large, the chain hands it to the store as
//! a stage and the reorganisation goes on with an empty one, so that no depth takes more memory than a part:
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
    state::{ChainState, Deltas},
    store::{BlockUndo, ChainStore, ChainUpdate, ConnectedUpdate},
    utxo::UtxoDiff,
};

/// Bytes in memory, by estimate, from which on a part of a move is handed to the store: 32 MiB, some ten full blocks.
pub(super) const STAGE_BYTES: u64 = 32 << 20;

/// What a coin that is spent or made takes in memory within a change, about.
const CHANGE: u64 = 160;

/// What a coin takes in memory within undo data.
const UNDO: u64 = 88;

/// Blocks to take back, blocks to connect, and how far it has come.
#[derive(Debug)]
pub(super) struct Reorg {
    /// Still to take back, the next one last.
    leave: Vec<NodeId>,
    /// Still to connect, the next one last; behind them those that follow on the branch in further moves.
    enter: Vec<NodeId>,
    /// How many of these are left to further moves.
    beyond: usize,
    /// The end of the branch, as far as that is in view.
    target: NodeId,
    /// The block that would be the tip as far as it has come.
    at: NodeId,
    /// What was changed since the last part was handed over.
    disconnected: Vec<Arc<CheckedBlock>>,
    connected: Vec<ConnectedUpdate>,
    diff: UtxoDiff,
    /// What the blocks of this part take in memory.
    bytes: u64,
    state: ChainState,
    /// The blocks of all parts.
    left: Vec<BlockHash>,
    entered: Vec<BlockHash>,
}

/// A move that is judged to its end.
#[derive(Debug)]
pub(super) struct Finished {
    /// The last part of it, or all.
    pub(super) update: ChainUpdate,
    /// The blocks that leave, the old tip first.
    pub(super) left: Vec<BlockHash>,
    /// The blocks that enter, the new tip last.
    pub(super) entered: Vec<BlockHash>,
}

/// What one step did.
#[derive(Debug)]
pub(super) enum Step {
    Working,
    Invalid { id: NodeId, error: RuleError },
    Done(Box<Finished>),
}

impl Reorg {
    /// Plans the shortest move from `tip` towards `candidate` that increases the work.
    ///
    /// Without a fork that is one block; with one, as many as exceed the work of what they replace. The rest of the
    /// candidate's branch follows as further moves, so the tip never waits for more than it must; `ahead` blocks of it are
    /// in view.
    pub(super) fn towards(tree: &HeaderTree, candidate: NodeId, tip: NodeId, state: &ChainState, ahead: u64) -> Self {
        let fork = tree.fork_point(candidate, tip);
        let climb = |from: NodeId| {
            std::iter::successors(Some(from), |id| Some(tree.parent(*id))).take_while(move |id| *id != fork)
        };
        let mut leave: Vec<_> = climb(tip).collect();
        leave.reverse();
        let work = tree.node(tip).work;
        // without a fork the branch may be long, and each of its blocks is a move
        let in_view = tree.node(fork).header.height.saturating_add(ahead);
        let top = if fork == tip { tree.ancestor_node(candidate, in_view) } else { None };
        let target = top.unwrap_or(candidate);
        let enter: Vec<_> = climb(target).collect();
        // the first, counted from the fork, with more work than the tip
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

    /// Returns the end of the branch that it follows, as far as that is in view.
    pub(super) const fn target(&self) -> NodeId {
        self.target
    }

    /// Returns whether it leads to a block that breaks a rule, or over one.
    pub(super) fn is_spoilt(&self, tree: &HeaderTree) -> bool {
        tree.node(self.target).invalid
    }

    /// Returns what was changed since the last part, if that takes so many bytes or more.
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

    /// Counts a block to the part.
    fn count(&mut self, block: &CheckedBlock, undo: &BlockUndo) {
        // what is decoded takes about twice what the formula says
        self.bytes += 2 * block.block().size() + UNDO * undo.spent.len() as u64;
    }

    /// Takes back or judges one block.
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
            let site = JudgeContext { tree, store, verifier, diff: &self.diff, issued: self.state.issued };
            let connected = lookahead.next(id, self.enter.iter().rev().copied(), &site).and_then(|ahead| {
                let Ahead { block, coins, judged, invalid, .. } = ahead;
                let place = BlockContext { state: &self.state, work: tree.node(tree.parent(id)).work };
                let connected = judged.conclude(tree.params(), &block, &coins, place, invalid, deltas)?;
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
                    self.connected.push(ConnectedUpdate { block, undo });
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

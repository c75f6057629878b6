//! A move of the tip in the making: judged block by block in an overlay, one block a step.

use std::sync::Arc;

use crate::{
    chain::{
        ChainError,
        header_tree::{HeaderTree, NodeId},
        lookahead::{Ahead, Lookahead, Site},
    },
    consensus::{CheckedBlock, Place, RuleError, SignatureVerifier},
    state::{ChainState, Deltas},
    store::{BlockUndo, ChainStore, ChainUpdate, ConnectedUpdate},
    utxo::UtxoDiff,
};

/// Blocks to take back, blocks to connect, and how far it has come.
#[derive(Debug)]
pub(super) struct Reorg {
    /// Still to take back, the next one last.
    leave: Vec<NodeId>,
    /// Still to connect, the next one last; behind them those that follow on the branch in further moves.
    enter: Vec<NodeId>,
    /// How many of these are left to further moves.
    beyond: usize,
    disconnected: Vec<Arc<CheckedBlock>>,
    connected: Vec<ConnectedUpdate>,
    diff: UtxoDiff,
    state: ChainState,
}

/// What one step did.
#[derive(Debug)]
pub(super) enum Step {
    Working,
    Invalid { id: NodeId, error: RuleError },
    Done(ChainUpdate),
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
        let enter: Vec<_> = climb(top.unwrap_or(candidate)).collect();
        // the first, counted from the fork, with more work than the tip
        let beyond = enter.iter().take_while(|id| tree.node(tree.parent(**id)).work > work).count();
        Self {
            leave,
            enter,
            beyond,
            disconnected: Vec::new(),
            connected: Vec::new(),
            diff: UtxoDiff::default(),
            state: state.clone(),
        }
    }

    /// Takes back or judges one block.
    pub(super) fn step<S: ChainStore>(
        &mut self,
        tree: &HeaderTree,
        store: &S,
        verifier: &dyn SignatureVerifier,
        deltas: &Deltas,
        lookahead: &mut Lookahead,
    ) -> Result<Step, ChainError<S::Error>> {
        if let Some(id) = self.leave.pop() {
            let hash = tree.node(id).hash;
            let block = store.block(&hash).map_err(ChainError::Store)?.ok_or(ChainError::Lost(hash))?;
            let undo = store.undo(&hash).map_err(ChainError::Store)?.ok_or(ChainError::Lost(hash))?;
            let inverse = undo.inverse(&block);
            self.state.apply(&inverse);
            self.state.ancestors.pop(&undo.merged);
            self.diff.append(&inverse);
            self.disconnected.push(block);
            return Ok(Step::Working);
        }
        if self.enter.len() > self.beyond
            && let Some(id) = self.enter.pop()
        {
            let site = Site { tree, store, verifier, diff: &self.diff, issued: self.state.issued };
            let connected = lookahead.next(id, self.enter.iter().rev().copied(), &site).and_then(|ahead| {
                let Ahead { block, coins, judged, invalid, .. } = ahead;
                let place = Place { state: &self.state, work: tree.node(tree.parent(id)).work };
                let connected = judged.conclude(tree.params(), &block, &coins, place, invalid, deltas)?;
                Ok((block, connected))
            });
            match connected {
                Ok((block, connected)) => {
                    let undo = BlockUndo::of(&connected);
                    self.diff.extend(connected.diff);
                    self.state = connected.state;
                    self.connected.push(ConnectedUpdate { block, undo });
                }
                Err(ChainError::Rule(error)) => return Ok(Step::Invalid { id, error }),
                Err(error) => return Err(error),
            }
        }
        match self.connected.last() {
            Some(last) if self.enter.len() == self.beyond => {
                let tip = last.block.hash();
                Ok(Step::Done(ChainUpdate {
                    disconnected: std::mem::take(&mut self.disconnected),
                    connected: std::mem::take(&mut self.connected),
                    diff: std::mem::take(&mut self.diff),
                    tip,
                    state: self.state.clone(),
                }))
            }
            _ => Ok(Step::Working),
        }
    }
}

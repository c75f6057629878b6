//! A move of the tip in the making: judged block by block in an overlay, one block a step.

use std::sync::Arc;

use crate::{
    chain::{
        ChainError,
        header_tree::{HeaderTree, NodeId},
    },
    consensus::{CheckedBlock, Place, RuleError, SignatureVerifier, connect_prepared, gather},
    state::{ChainState, Deltas},
    store::{BlockUndo, ChainStore, ChainUpdate, ConnectedUpdate},
    utxo::{Overlay, UtxoDiff},
};

/// Blocks to take back, blocks to connect, and how far it has come.
#[derive(Debug)]
pub(super) struct Reorg {
    /// Still to take back, the next one last.
    leave: Vec<NodeId>,
    /// Still to connect, the next one last.
    enter: Vec<NodeId>,
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
    /// candidate's branch follows as further moves, so the tip never waits for more than it must.
    pub(super) fn towards(tree: &HeaderTree, candidate: NodeId, tip: NodeId, state: &ChainState) -> Self {
        let fork = tree.fork_point(candidate, tip);
        let climb = |from: NodeId| {
            std::iter::successors(Some(from), |id| Some(tree.parent(*id))).take_while(move |id| *id != fork)
        };
        let mut leave: Vec<_> = climb(tip).collect();
        leave.reverse();
        let work = tree.node(tip).work;
        let enter: Vec<_> = climb(candidate).collect();
        // the first, counted from the fork, with more work than the tip
        let beyond = enter.iter().take_while(|id| tree.node(tree.parent(**id)).work > work).count();
        let enter = enter.into_iter().skip(beyond).collect();
        Self {
            leave,
            enter,
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
    ) -> Result<Step, ChainError<S::Error>> {
        let body = |id: NodeId| {
            let hash = tree.node(id).hash;
            store.block(&hash).map_err(ChainError::Store)?.ok_or(ChainError::Lost(hash))
        };
        if let Some(id) = self.leave.pop() {
            let block = body(id)?;
            let undo = store.undo(&block.hash()).map_err(ChainError::Store)?.ok_or(ChainError::Lost(block.hash()))?;
            let inverse = undo.inverse(&block);
            self.state.apply(&inverse);
            self.state.ancestors.pop(&undo.merged);
            self.diff.append(&inverse);
            self.disconnected.push(block);
            return Ok(Step::Working);
        }
        if let Some(id) = self.enter.pop() {
            let block = body(id)?;
            let coins = gather(&block, &Overlay::new(store, &self.diff)).map_err(ChainError::Store)?;
            let place = Place { state: &self.state, work: tree.node(tree.parent(id)).work };
            match connect_prepared(tree.params(), &block, &coins, place, verifier, deltas) {
                Ok(connected) => {
                    let undo = BlockUndo::of(&connected);
                    self.diff.extend(connected.diff);
                    self.state = connected.state;
                    self.connected.push(ConnectedUpdate { block, undo });
                }
                Err(error) => return Ok(Step::Invalid { id, error }),
            }
        }
        match self.connected.last() {
            Some(last) if self.enter.is_empty() => {
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

//! The index of one node, which follows it.

use axum::http::StatusCode;
use toycoin_core::{
    ChainParams,
    chain::{Audit, Tip},
};

use crate::{
    index::{ChainIndex, Entries, MempoolIndex},
    limits::INDEX_STEPS,
    problem::Problem,
    reader::{Down, NodeReader},
};

/// The index of one node: its active chain, and its mempool.
#[derive(Debug)]
pub(crate) struct NodeIndex {
    params: ChainParams,
    /// The active chain.
    pub(crate) chain: ChainIndex,
    /// The mempool.
    pub(crate) mempool: MempoolIndex,
    /// The last supply audit, and the tip that it was made at. An audit reads the whole UTXO set.
    audit: Option<(Tip, Audit)>,
}

impl NodeIndex {
    pub(super) fn new(params: &ChainParams) -> Self {
        let (chain, mempool) = (ChainIndex::new(params), MempoolIndex::default());
        Self { params: params.clone(), chain, mempool, audit: None }
    }

    /// Returns whether it is the index of a node of this network.
    pub(super) fn is_of(&self, params: &ChainParams) -> bool {
        self.params.genesis_hash() == params.genesis_hash()
    }

    /// Follows the node's chain up to its tip, by at most [`INDEX_STEPS`] steps.
    ///
    /// # Errors
    /// When the node is down, or the tip is further away than that; then the next call goes on.
    pub(super) async fn follow(&mut self, reader: &NodeReader) -> Result<(), Problem> {
        for _ in 0..INDEX_STEPS {
            if self.step(reader).await? {
                return Ok(());
            }
        }
        Err(catching_up(&format!("height {}", self.chain.tip().height)))
    }

    /// Takes one step, and returns whether the tip is reached.
    async fn step(&mut self, reader: &NodeReader) -> Result<bool, Problem> {
        let Some(delta) = reader.blocks_since(self.chain.tip().hash).await? else {
            // the node does not know our tip: its chain was reset
            let is_from_genesis = self.chain.tip().hash == self.params.genesis_hash();
            self.chain = ChainIndex::new(&self.params);
            return if is_from_genesis { Err(without_first_blocks(reader).await?) } else { Ok(false) };
        };
        let fits = delta.disconnected.iter().all(|block| self.chain.disconnect(block))
            && delta.connected.iter().all(|block| self.chain.connect(block));
        if !fits {
            self.chain = ChainIndex::new(&self.params);
        }
        Ok(fits && delta.complete)
    }

    /// Takes what the node says about its mempool.
    pub(crate) fn take_mempool(&mut self, entries: Entries) {
        self.mempool.take(entries);
    }

    /// Fetches the payments in the mempool.
    ///
    /// # Errors
    /// When the node is down, or there are more new payments than one request fetches; then the next call goes on.
    pub(crate) async fn fetch_payments(&mut self, reader: &NodeReader) -> Result<(), Problem> {
        if self.mempool.fetch(reader).await? { Ok(()) } else { Err(catching_up("the mempool")) }
    }

    /// Returns the supply audit at the node's tip, and that tip. The node counts once for each tip that is asked for.
    ///
    /// # Errors
    /// When the node is down, or its tip moves all the time.
    pub(crate) async fn audit(&mut self, reader: &NodeReader) -> Result<(Tip, Audit), Problem> {
        let mut tip = reader.status().await?.tip;
        for _ in 0..AUDITS {
            if let Some((at, audit)) = self.audit.filter(|(at, _)| at.hash == tip.hash) {
                return Ok((at, audit));
            }
            let audit = reader.audit().await?;
            let after = reader.status().await?.tip;
            if after.hash == tip.hash {
                self.audit = Some((tip, audit));
            }
            tip = after;
        }
        Err(catching_up("a tip that moves all the time"))
    }
}

/// Most audits of one request, while the tip moves.
const AUDITS: usize = 3;

/// Returns what is wrong with a node that does not give the blocks from genesis on.
async fn without_first_blocks(reader: &NodeReader) -> Result<Problem, Down> {
    let first = reader.status().await?.first_block;
    if first <= 1 {
        // it is of another network
        return Err(Down);
    }
    let detail = format!(
        "the index needs all blocks, and this node has none below height {first}: it is pruned or began with a \
         snapshot; ask a node with all blocks"
    );
    Ok(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
}

fn catching_up(at: &str) -> Problem {
    let detail = format!("the index is catching up with the node, at {at}; try again in a second");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
}

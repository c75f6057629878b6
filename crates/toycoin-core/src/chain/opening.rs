//! How a chain begins: at genesis, or with what its store holds.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    chain::{
        Chain, ChainError, HeaderError, HeaderTree,
        candidates::Candidates,
        header_tree::NodeId,
        lookahead::{self, Lookahead},
        mountains::Mountains,
        recent::Recent,
        reorg,
        ties::{TakenFees, Ties},
    },
    consensus::{BatchVerifier, CheckedBlock, SignatureVerifier},
    identified_block::IdentifiedBlock,
    keys::PublicKey,
    params::ChainParams,
    proof::Opening,
    state::Deltas,
    store::{BlockUndo, ChainStore, ChainUpdate, ConnectedUpdate, MemoryStore},
};

/// Most transactions whose change of the state is kept precomputed, at most some 4 kB each. A block holds fewer.
const MAX_PREPARED: usize = 8_192;

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
    /// Opens the chain that a store holds, or starts a new one at genesis.
    ///
    /// # Errors
    /// When the store fails or holds the chain of another network.
    pub fn open(params: ChainParams, mut store: S) -> Result<Self, ChainError<S::Error>> {
        let state = params.genesis_state().clone();
        // left over from a chain that was dropped in the middle of a reorganisation
        store.unstage().map_err(ChainError::Store)?;
        let stored = store.load().map_err(ChainError::Store)?;
        let pruned_below = store.pruned_below().map_err(ChainError::Store)?;
        let (tree, active) = match stored.as_ref().and_then(|stored| stored.root.as_deref()) {
            None => (HeaderTree::new(params), vec![NodeId::ROOT]),
            Some(root) => {
                let tree = HeaderTree::rooted(params, root).ok_or_else(|| ChainError::Lost(root.header.hash()))?;
                (tree, vec![NodeId::ROOT, NodeId::SNAPSHOT])
            }
        };
        let mut chain = Self {
            candidates: Candidates::new(&tree),
            tree,
            store,
            verifier: Arc::new(BatchVerifier::default()),
            deltas: Deltas::new(MAX_PREPARED),
            active,
            mountains: Mountains::default(),
            state,
            pruned_below,
            reorg: None,
            stage_bytes: reorg::STAGE_BYTES,
            lookahead: Lookahead::new(lookahead::MAX_BLOCKS),
            recent: Recent::default(),
            doubted: None,
            broken: BTreeMap::new(),
        };
        match stored {
            None => chain.store_genesis()?,
            Some(stored) => {
                for (header, invalid) in stored.headers {
                    let hash = header.hash();
                    // the time was judged before the header was stored; a clock that was set back must not refuse it
                    // now
                    match chain.tree.insert_node(&header, hash, u64::MAX) {
                        Ok(id) if invalid => chain.tree.mark_node_invalid(id),
                        Ok(id) => chain.candidates.body_arrived(&chain.tree, id),
                        // a body that arrived before its parent's, or builds on an invalid one: it has to be requested
                        // again
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

    /// Replaces the verifier of signatures.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Arc<dyn SignatureVerifier>) -> Self {
        self.verifier = verifier;
        self.lookahead.clear();
        // it has the old verifier's verdicts
        self.deltas = self.deltas.emptied();
        self
    }

    /// Replaces the cache of precomputed changes of the state, to share one with other chains of the same network
    /// ([`prepare`](Self::prepare)). It decides nothing. A chain that does not enforce every rule must not share it, nor
    /// one whose verifier answers differently from a [`PlainVerifier`](crate::consensus::PlainVerifier).
    #[must_use]
    pub fn with_deltas(mut self, deltas: Deltas) -> Self {
        self.deltas = deltas;
        self
    }

    /// Breaks ties between branches of equal work by lots, for research. By default the branch that was first fully known
    /// and valid stays.
    ///
    /// Each block's lot is a hash of it and of `secret`, so that each of two tips wins with probability 1/2. Nodes draw
    /// independently if their secrets differ. It is a choice between valid chains and changes no rule; after a restart,
    /// the stored tip stands until the next block arrives.
    ///
    /// Source: Eyal & Sirer 2014, "Majority is not enough: Bitcoin mining is vulnerable", section 6.
    #[must_use]
    pub fn with_random_ties(mut self, secret: u64) -> Self {
        self.candidates.break_ties(Ties::Lots(secret));
        self
    }

    /// Breaks ties between branches of equal work in favour of the one that leaves more fees, for research. By default
    /// the branch that was first fully known and valid stays.
    ///
    /// That branch is the one whose blocks above the fork take less. Blocks that pay `own` count as taking nothing, so
    /// that a miner keeps its own block. If both branches take as much, the first one stays. It is a choice between
    /// valid chains and changes no rule. Blocks that the chain has when this is called count as taking nothing, so that
    /// after a restart the stored tip stays.
    ///
    /// Source: Carlsten, Kalodner, Weinberg & Narayanan 2016, "On the instability of Bitcoin without the block reward",
    /// whose petty compliant miners choose so.
    #[must_use]
    pub fn with_richer_ties(mut self, own: PublicKey) -> Self {
        self.candidates.break_ties(Ties::Richer(TakenFees::new(own)));
        self
    }

    /// Sets how many waiting blocks have their signatures verified together: 64 by default. With 1, each block is
    /// verified alone.
    ///
    /// The value changes the cost of catching up and of reorganisations, never which blocks are valid.
    #[must_use]
    pub fn with_lookahead(mut self, blocks: usize) -> Self {
        self.lookahead = Lookahead::new(blocks);
        self
    }

    /// Sets the size in bytes of the parts in which a reorganisation goes to the store: 32 MiB by default. The size is
    /// an estimate of the memory that a part takes.
    ///
    /// The value changes the memory that a deep reorganisation takes, never which blocks are valid.
    #[must_use]
    pub fn with_stage_bytes(mut self, bytes: u64) -> Self {
        self.stage_bytes = bytes;
        self
    }

    fn store_genesis(&mut self) -> Result<(), ChainError<S::Error>> {
        let params = self.params();
        let block = CheckedBlock::unjudged(IdentifiedBlock::new(params.genesis().clone(), params.genesis_hash()));
        let update = ChainUpdate {
            disconnected: Vec::new(),
            connected: vec![ConnectedUpdate {
                block: Arc::new(block),
                undo: BlockUndo { spent: Vec::new(), merged: Default::default() },
                opening: Opening::of(params.genesis_state()),
            }],
            diff: params.genesis_coins().clone(),
            tip: params.genesis_hash(),
            state: params.genesis_state().clone(),
        };
        self.store.commit(update).map_err(ChainError::Store)
    }
}

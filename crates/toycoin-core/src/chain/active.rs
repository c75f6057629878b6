//! Read access to a chain: its tip, its blocks, its coins.

use std::sync::Arc;

use crate::{
    amount::Amount,
    chain::{Chain, ChainError, HeaderEntry, HeaderTree, header_tree::NodeId},
    consensus::{CheckedBlock, SignatureVerifier, judge_transaction},
    digest::{BlockHash, StateRoot, Txid},
    filter::BlockFilter,
    header::Header,
    keys::PublicKey,
    params::ChainParams,
    proof::Opening,
    state::{ChainState, LtHash},
    store::ChainStore,
    target::Work,
    transaction::{OutPoint, Transaction},
    utxo::Coin,
};

/// The last block of the active chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// The block's hash.
    pub hash: BlockHash,
    /// The block's height.
    pub height: u64,
    /// The work of the whole chain, genesis included.
    pub work: Work,
    /// The block's time, in Unix milliseconds.
    pub time: u64,
}

/// A supply audit: the money in the UTXO set, counted coin by coin and compared with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// The money issued, according to the state.
    pub issued: Amount,
    /// The sum of the values of all coins.
    pub sum_of_coins: Amount,
    /// The number of coins.
    pub coins: u64,
    /// Whether sum, number and hash of the coins are those that the tip's state root commits to.
    pub holds: bool,
}

impl<S: ChainStore> Chain<S> {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        self.tree.params()
    }

    /// Returns the tree of all known headers.
    pub const fn headers(&self) -> &HeaderTree {
        &self.tree
    }

    /// Returns the store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Returns the store, and drops the rest of the chain.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Returns the verifier of signatures.
    pub fn verifier(&self) -> &dyn SignatureVerifier {
        self.verifier.as_ref()
    }

    /// Returns the verifier of signatures, to be shared.
    pub fn shared_verifier(&self) -> Arc<dyn SignatureVerifier> {
        Arc::clone(&self.verifier)
    }

    /// Returns the active chain's tip.
    pub fn tip(&self) -> Tip {
        let node = self.tree.node(self.tip_node());
        Tip { hash: node.hash, height: node.header.height, work: node.work, time: node.header.time }
    }

    /// Returns the active chain's height.
    pub fn height(&self) -> u64 {
        self.tip().height
    }

    /// Returns the state after the tip.
    pub const fn state(&self) -> &ChainState {
        &self.state
    }

    /// Returns the tip's state root.
    pub fn state_root(&self) -> StateRoot {
        self.tree.node(self.tip_node()).header.state_root
    }

    /// Returns the header of the active chain at `height`. A chain that [began at a snapshot](Self::snapshot_height) has
    /// none below the parent of the snapshot's block.
    pub fn header_at(&self, height: u64) -> Option<&HeaderEntry> {
        self.active.get(self.active_index(height)).map(|id| self.tree.node(*id))
    }

    /// Returns the active chain's hashes, the lowest first: genesis, or the parent of the snapshot's block in a chain
    /// that [began at a snapshot](Self::snapshot_height).
    pub fn active_hashes(&self) -> impl ExactSizeIterator<Item = BlockHash> {
        self.active.iter().map(|id| self.tree.node(*id).hash)
    }

    /// Returns whether a block is on the active chain.
    pub fn is_active(&self, hash: &BlockHash) -> bool {
        self.tree.get(hash).is_some_and(|entry| self.header_at(entry.header.height) == Some(entry))
    }

    /// Returns the number of confirmations of a block: 1 for the tip, `None` for a block that is not on the active
    /// chain.
    pub fn confirmations(&self, hash: &BlockHash) -> Option<u64> {
        let entry = self.tree.get(hash).filter(|entry| self.header_at(entry.header.height) == Some(*entry))?;
        Some(self.height() - entry.header.height + 1)
    }

    /// Returns the height of the first block that the chain has with its undo data: 0, or that after the snapshot at
    /// which it [began](Self::snapshot_height), or the first one that was not pruned. From there on it has the body of
    /// each block that it was given, on any branch. No reorganisation reaches below.
    pub fn first_block(&self) -> u64 {
        self.snapshot_height().map_or(0, |height| height + 1).max(self.pruned_below)
    }

    /// Returns whether the body of a block was stored, on any branch. It may have been pruned since.
    pub fn has_block(&self, hash: &BlockHash) -> bool {
        self.tree.find(hash).is_some_and(|id| self.candidates.has_body(id))
    }

    /// Returns a block of any branch, `None` if its body is not stored or was pruned.
    ///
    /// # Errors
    /// An error of the store.
    pub fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, ChainError<S::Error>> {
        match self.recent.get(hash) {
            Some(block) => Ok(Some(block)),
            None => self.store.block(hash).map_err(ChainError::Store),
        }
    }

    /// Returns about how many bytes reading a block takes, `None` if its body is not stored or was pruned.
    ///
    /// # Errors
    /// An error of the store.
    pub fn body_size(&self, hash: &BlockHash) -> Result<Option<u64>, ChainError<S::Error>> {
        self.store.body_size(hash).map_err(ChainError::Store)
    }

    /// Returns the block of the active chain at `height`, `None` above the tip, or if its body was pruned.
    ///
    /// # Errors
    /// An error of the store.
    pub fn block_at(&self, height: u64) -> Result<Option<Arc<CheckedBlock>>, ChainError<S::Error>> {
        self.header_at(height).map_or(Ok(None), |entry| self.block(&entry.hash))
    }

    /// Returns the block of the active chain that holds a transaction, and the transaction's index in it: 0 is the
    /// coinbase.
    ///
    /// # Errors
    /// An error of the store.
    pub fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, ChainError<S::Error>> {
        self.store.find_transaction(txid).map_err(ChainError::Store)
    }

    /// Returns the opening of the state after the block of the active chain at `height`; `None` above the tip.
    ///
    /// # Errors
    /// An error of the store, and [`ChainError::Lost`] when it has no opening of a block on the active chain.
    pub fn opening_at(&self, height: u64) -> Result<Option<Opening>, ChainError<S::Error>> {
        let Some(entry) = self.header_at(height) else { return Ok(None) };
        let opening = self.store.opening(height).map_err(ChainError::Store)?;
        opening.ok_or(ChainError::Lost(entry.hash)).map(Some)
    }

    /// Returns the filter of the block of the active chain at `height`; `None` above the tip.
    ///
    /// # Errors
    /// An error of the store, and [`ChainError::Lost`] when it has no filter of a block on the active chain.
    pub fn filter_at(&self, height: u64) -> Result<Option<BlockFilter>, ChainError<S::Error>> {
        let Some(entry) = self.header_at(height) else { return Ok(None) };
        let filter = self.store.filter(height).map_err(ChainError::Store)?;
        filter.filter(|filter| filter.block == entry.hash).ok_or(ChainError::Lost(entry.hash)).map(Some)
    }

    /// Returns the coin at an outpoint in the UTXO set after the tip.
    ///
    /// # Errors
    /// An error of the store.
    pub fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainError<S::Error>> {
        self.store.coin(outpoint).map_err(ChainError::Store)
    }

    /// Returns an owner's coins in the order of their outpoints, immature ones included.
    ///
    /// # Errors
    /// An error of the store.
    pub fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, ChainError<S::Error>> {
        self.store.coins_of(owner).map_err(ChainError::Store)
    }

    /// Judges a payment as if it stood alone in the next block, and returns its fee.
    ///
    /// The checks are those of consensus. Fee rate, conflicts and package limits are the policy of a mempool.
    ///
    /// ```
    /// use toycoin_core::{Amount, Chain, ChainParams, Rule, SecretKey, TransactionBuilder};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let chain = Chain::in_memory(ChainParams::regtest());
    /// let (alice, bob) = (SecretKey::classroom(0), SecretKey::classroom(1));
    /// let mut payment = TransactionBuilder::new(chain.params())
    ///     .spend(chain.coins_of(&alice.public_key())?)
    ///     .pay(chain.params().address(bob.public_key()), Amount::from_toycoins(3)?)
    ///     .change_to(chain.params().address(alice.public_key()))
    ///     .sign(&alice)?;
    /// assert_eq!(chain.check_payment(&payment)?, Amount::ZERO);
    ///
    /// payment.outputs[0].owner = alice.public_key();
    /// assert_eq!(chain.check_payment(&payment).unwrap_err().rule(), Some(Rule::Signature));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first rule that the payment breaks, or an error of the store.
    pub fn check_payment(&self, payment: &Transaction) -> Result<Amount, ChainError<S::Error>> {
        let coins: Result<Vec<_>, _> = payment.inputs.iter().map(|outpoint| self.coin(outpoint)).collect();
        let (txid, params) = (payment.txid(), self.params());
        let judged = judge_transaction(params, txid, payment, &coins?, self.height() + 1)?;
        Ok(judged.verify(params, txid, self.verifier())?)
    }

    /// Returns a block locator of the active chain, tip first, for a request for headers.
    pub fn locator(&self) -> Vec<BlockHash> {
        self.tree.locator(&self.tip().hash)
    }

    /// Returns at most `limit` headers of the active chain, up to and including `stop`. They begin after the first hash
    /// of `locator` that is on the active chain, or after genesis if there is none. A chain that [began at a
    /// snapshot](Self::snapshot_height) has no header after genesis, and returns none then.
    pub fn headers_after(&self, locator: &[BlockHash], stop: &BlockHash, limit: usize) -> Vec<Header> {
        let known = locator.iter().find(|hash| self.is_active(hash)).and_then(|hash| self.tree.get(hash));
        let first = known.map_or(1, |entry| entry.header.height + 1);
        let mut headers = Vec::new();
        for id in self.active.iter().skip(self.active_index(first)).take(limit) {
            let node = self.tree.node(*id);
            headers.push(node.header);
            if node.hash == *stop {
                break;
            }
        }
        headers
    }

    /// Sums up the UTXO set coin by coin and compares the result with the state.
    ///
    /// # Errors
    /// An error of the store.
    pub fn audit(&self) -> Result<Audit, ChainError<S::Error>> {
        let mut hash = LtHash::default();
        let (mut coins, mut sum) = (0, Amount::ZERO);
        let visited = self.store.visit_coins(&mut |outpoint, coin| {
            hash.add(outpoint, coin);
            coins += 1;
            sum = sum.saturating_add(coin.output.value);
        });
        visited.map_err(ChainError::Store)?;
        let state = ChainState { utxo_hash: hash, coin_count: coins, issued: sum, ..self.state.clone() };
        let holds = state == self.state && state.root() == self.state_root();
        Ok(Audit { issued: self.state.issued, sum_of_coins: sum, coins, holds })
    }

    pub(super) fn tip_node(&self) -> NodeId {
        self.active.last().copied().unwrap_or(NodeId::ROOT)
    }
}

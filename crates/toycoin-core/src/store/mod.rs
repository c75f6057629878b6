//! The port behind which a chain is kept: [`MemoryStore`] here, a database elsewhere.

mod memory;
mod update;

use std::sync::Arc;

pub use self::{
    memory::MemoryStore,
    update::{BlockUndo, ChainUpdate, ConnectedUpdate},
};
use crate::{
    consensus::CheckedBlock,
    digest::{BlockHash, Txid},
    header::Header,
    keys::PublicKey,
    state::ChainState,
    transaction::{OutPoint, Transaction},
    utxo::{Coin, UtxoView},
};

/// Where blocks, undo data and coins are kept.
///
/// A move of the tip is kept whole or not at all, so that after a crash the store holds the old tip or the new one, never
/// a mixture. Most moves arrive as one [`ChainUpdate`], with [`commit`](Self::commit). A deep reorganisation is too large
/// for that: it arrives in parts, each with [`stage`](Self::stage) and the last with `commit`, which puts all of them in
/// force at once. Until then the store answers as if no part had come, and [`staged_coin`](Self::staged_coin) alone looks
/// through them. [`unstage`](Self::unstage) drops them, and so does a crash.
///
/// ```text
///   stage ─▶ stage ─▶ stage ─▶ commit      the tip moves once, here
///     └────────┴────────┴─▶ unstage        an invalid block, a crash: the old tip stands
/// ```
pub trait ChainStore: UtxoView {
    /// Returns what was kept, `None` for a store that is new.
    ///
    /// # Errors
    /// An error of the store.
    fn load(&self) -> Result<Option<StoredChain>, Self::Error>;

    /// Keeps a body that is right by itself, on whatever branch it stands.
    ///
    /// # Errors
    /// An error of the store.
    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Self::Error>;

    /// Returns a body.
    ///
    /// # Errors
    /// The store's, which include a body that is not what it was.
    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Self::Error>;

    /// Returns how many bytes reading a body takes, or about as many; `None` if it is not here. A store with an index
    /// says so without reading the body.
    ///
    /// # Errors
    /// An error of the store.
    fn body_size(&self, hash: &BlockHash) -> Result<Option<u64>, Self::Error> {
        Ok(self.block(hash)?.map(|block| block.block().size()))
    }

    /// Returns the undo data of a block of the active chain.
    ///
    /// # Errors
    /// An error of the store.
    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Self::Error>;

    /// Remembers that a block, whose body is kept, breaks a rule.
    ///
    /// # Errors
    /// An error of the store.
    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Self::Error>;

    /// Moves the tip by all parts that are staged and by `update`, whole or not at all.
    ///
    /// # Errors
    /// An error of the store.
    fn commit(&mut self, update: ChainUpdate) -> Result<(), Self::Error>;

    /// Takes a part of a move of the tip that is not in force yet. The first part begins at the tip, each further one
    /// where the one before it ends.
    ///
    /// # Errors
    /// An error of the store.
    fn stage(&mut self, part: ChainUpdate) -> Result<(), Self::Error>;

    /// Returns the coin at an outpoint as it would be after the parts that are staged; what
    /// [`coin`](UtxoView::coin) returns when none is.
    ///
    /// # Errors
    /// An error of the store.
    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error>;

    /// Drops the parts that are staged, if there are any.
    ///
    /// # Errors
    /// An error of the store.
    fn unstage(&mut self) -> Result<(), Self::Error>;

    /// Makes all moves of the tip that were kept so far outlast a loss of power.
    ///
    /// Until then a store may hold back what it was given, as a group that a crash takes away whole: so catching up does
    /// not wait for a disk with every block. While parts are staged, bodies may be held back beyond a sync: no move rests
    /// on them yet, and they can be fetched again.
    ///
    /// # Errors
    /// An error of the store.
    fn sync(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Returns whether nothing is held back that a [`sync`](Self::sync) would make durable.
    fn is_synced(&self) -> bool {
        true
    }

    /// Compares what the store answers from with its checksums, before a block is found invalid by its answers: because
    /// of the coin at `missing`, or of the state. A coin that was lost by damage must not make a good block invalid.
    ///
    /// # Errors
    /// The store's, when it is not what was written.
    fn check_integrity(&mut self, missing: Option<&OutPoint>) -> Result<(), Self::Error> {
        let _ = missing;
        Ok(())
    }

    /// Keeps the transactions that wait for a block, in place of those that it kept before. They are durable with the
    /// next [`sync`](Self::sync).
    ///
    /// # Errors
    /// An error of the store.
    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), Self::Error>;

    /// Returns the transactions that were kept, in their order. Whatever may have happened since, they are to be judged
    /// anew.
    ///
    /// # Errors
    /// An error of the store.
    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Self::Error>;

    /// Returns which block of the active chain holds a transaction, and at which place, 0 for the coinbase.
    ///
    /// # Errors
    /// An error of the store.
    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Self::Error>;

    /// Shows every coin to `visit`, in any order.
    ///
    /// # Errors
    /// An error of the store.
    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Self::Error>;

    /// Returns an owner's coins by outpoint.
    ///
    /// # Errors
    /// An error of the store.
    fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, Self::Error> {
        let mut coins = Vec::new();
        self.visit_coins(&mut |outpoint, coin| {
            if coin.output.owner == *owner {
                coins.push((*outpoint, *coin));
            }
        })?;
        coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
        Ok(coins)
    }
}

/// A transaction that no block holds yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingTransaction {
    /// The transaction.
    pub transaction: Transaction,
    /// Whether it was submitted here, and is to be told until a block holds it.
    pub own: bool,
    /// Whether a reorganisation brought it back, or one that it spends from: policy does not hold it to account.
    pub returned: bool,
}

/// What a store kept of a chain.
#[derive(Debug, Clone)]
pub struct StoredChain {
    /// All bodies' headers but genesis', parents before children, with whether each was found invalid.
    pub headers: Vec<(Header, bool)>,
    /// The active chain's tip.
    pub tip: BlockHash,
    /// The state after it.
    pub state: ChainState,
}

//! What a chain asks of its store.

use std::sync::Arc;

use crate::{
    consensus::CheckedBlock,
    digest::{BlockHash, Txid},
    filter::BlockFilter,
    header::Header,
    keys::PublicKey,
    proof::Opening,
    snapshot::{CoinBytes, KeptSnapshot},
    state::ChainState,
    store::{BlockUndo, ChainUpdate, SnapshotRoot},
    transaction::{OutPoint, Transaction},
    utxo::{Coin, UtxoView},
};

/// The storage of blocks, undo data and the UTXO set.
///
/// A move of the tip is stored completely or not at all. After a crash the store holds the old tip or the new one,
/// never a mixture. Most moves arrive as one [`ChainUpdate`], with [`commit`](Self::commit).
///
/// A deep reorganisation is too large for one update, so it arrives in parts. Each part comes with
/// [`stage`](Self::stage), the last one with `commit`, which applies all of them at once. Until then the store answers
/// as if no part had come, and only [`staged_coin`](Self::staged_coin) sees the parts. [`unstage`](Self::unstage) drops
/// them, and so does a crash.
///
/// ```text
///   stage ─▶ stage ─▶ stage ─▶ commit      the tip moves once, here
///     └────────┴────────┴─▶ unstage        an invalid block, a crash: the old tip stays
/// ```
pub trait ChainStore: UtxoView {
    /// Returns the stored chain, `None` for a new store.
    ///
    /// # Errors
    /// An error of the store.
    fn load(&self) -> Result<Option<StoredChain>, Self::Error>;

    /// Stores a valid body of any branch.
    ///
    /// # Errors
    /// An error of the store.
    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Self::Error>;

    /// Returns a body, `None` if it is not stored or was pruned.
    ///
    /// # Errors
    /// An error of the store, also for a body that no longer matches its checksum.
    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Self::Error>;

    /// Returns about how many bytes reading a body takes, `None` if it is not stored or was pruned. A store with an
    /// index knows the number without reading the body.
    ///
    /// # Errors
    /// An error of the store.
    fn body_size(&self, hash: &BlockHash) -> Result<Option<u64>, Self::Error> {
        Ok(self.block(hash)?.map(|block| block.block().size()))
    }

    /// Returns the undo data of a block on the active chain, `None` if they were pruned.
    ///
    /// # Errors
    /// An error of the store.
    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Self::Error>;

    /// Returns the height below which bodies and undo data were pruned; 0, the default, if none were.
    ///
    /// The store has the body of each block that it was given from this height on, on any branch, and the undo data of
    /// the active chain's blocks from there on. Below, [`load`](Self::load) still names each block. The height does not
    /// change while a chain uses the store.
    ///
    /// # Errors
    /// An error of the store.
    fn pruned_below(&self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    /// Records that a stored block breaks a rule.
    ///
    /// # Errors
    /// An error of the store.
    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Self::Error>;

    /// Moves the tip by all staged parts and then by `update`, completely or not at all.
    ///
    /// # Errors
    /// An error of the store.
    fn commit(&mut self, update: ChainUpdate) -> Result<(), Self::Error>;

    /// Stages a part of a move of the tip, which is not applied yet. The first part begins at the tip, each later one
    /// at the end of the part before it.
    ///
    /// # Errors
    /// An error of the store.
    fn stage(&mut self, part: ChainUpdate) -> Result<(), Self::Error>;

    /// Returns the coin at an outpoint as it is after the staged parts. Without staged parts, this is the result of
    /// [`coin`](UtxoView::coin).
    ///
    /// # Errors
    /// An error of the store.
    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error>;

    /// Drops all staged parts.
    ///
    /// # Errors
    /// An error of the store.
    fn unstage(&mut self) -> Result<(), Self::Error>;

    /// Makes all moves of the tip so far survive a loss of power.
    ///
    /// Before a sync, a store may buffer what it was given, as a group that a crash removes completely. Catching up
    /// therefore does not wait for a disk with every block. While parts are staged, a store may buffer bodies even
    /// beyond a sync. No move of the tip depends on them yet, and they can be downloaded again.
    ///
    /// # Errors
    /// An error of the store.
    fn sync(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Begins what [`sync`](Self::sync) does, and need not wait for its end. [`is_synced`](Self::is_synced) says when that
    /// has come; further calls bring it about. By default this is a sync.
    ///
    /// # Errors
    /// An error of the store, perhaps of an earlier call.
    fn begin_sync(&mut self) -> Result<(), Self::Error> {
        self.sync()
    }

    /// Returns whether a [`sync`](Self::sync) would have nothing to write.
    fn is_synced(&self) -> bool {
        true
    }

    /// Compares the store's data with its checksums. The chain calls it before it marks a block as invalid because of
    /// the coin at `missing`, or because of the state. A coin that is lost through damage must not make a valid block
    /// invalid.
    ///
    /// # Errors
    /// An error of the store, also when its data is damaged.
    fn check_integrity(&mut self, missing: Option<&OutPoint>) -> Result<(), Self::Error> {
        let _ = missing;
        Ok(())
    }

    /// Stores the transactions that wait for a block, and drops those stored before. They are durable after the next
    /// [`sync`](Self::sync).
    ///
    /// # Errors
    /// An error of the store.
    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), Self::Error>;

    /// Returns the stored waiting transactions in their order. The caller has to judge them again, because the chain
    /// may have changed.
    ///
    /// # Errors
    /// An error of the store.
    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Self::Error>;

    /// Returns the block of the active chain that holds a transaction, and the transaction's index in it: 0 is the
    /// coinbase.
    ///
    /// # Errors
    /// An error of the store.
    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Self::Error>;

    /// Returns the opening of the state after the block of the active chain at `height`; `None` above the tip.
    ///
    /// # Errors
    /// An error of the store, also for an opening that no longer matches its checksum.
    fn opening(&self, height: u64) -> Result<Option<Opening>, Self::Error>;

    /// Returns the [filter](BlockFilter) of the block of the active chain at `height`; `None` above the tip.
    ///
    /// # Errors
    /// An error of the store, also for a filter that no longer matches its checksum.
    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, Self::Error>;

    /// Makes the [snapshot](crate::snapshot) of the UTXO set after the tip, whose header and opening these are. Of the
    /// snapshots kept before, the last one stays. A snapshot at this height or above is replaced.
    ///
    /// A store may do it beside its other work: the snapshot is of this tip, even if the tip moves on before it is made.
    /// A snapshot that cannot be made is not an error. By default a store keeps none.
    ///
    /// # Errors
    /// An error of the store, which then cannot be used further.
    fn make_snapshot(&mut self, tip: &Header, opening: &Opening) -> Result<(), Self::Error> {
        let _ = (tip, opening);
        Ok(())
    }

    /// Discards the snapshots of blocks at `from` and above, also those that are still being made.
    ///
    /// # Errors
    /// An error of the store.
    fn discard_snapshots(&mut self, from: u64) -> Result<(), Self::Error> {
        let _ = from;
        Ok(())
    }

    /// Returns the snapshots that are complete, at most [`KEPT`](crate::snapshot::KEPT), in any order.
    fn snapshots(&self) -> Vec<Arc<KeptSnapshot>> {
        Vec::new()
    }

    /// Returns a chunk of a snapshot; `None` for an unknown id or place. A store that finds a chunk damaged discards
    /// the snapshot and returns `None`.
    ///
    /// # Errors
    /// An error of the store.
    fn snapshot_chunk(&self, id: &[u8; 32], place: u32) -> Result<Option<Vec<CoinBytes>>, Self::Error> {
        let _ = (id, place);
        Ok(None)
    }

    /// Calls `visit` with every coin of the UTXO set, in any order.
    ///
    /// # Errors
    /// An error of the store.
    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Self::Error>;

    /// Returns an owner's coins in the order of their outpoints.
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
    /// Whether it was submitted at this node, which broadcasts it until a block holds it.
    pub own: bool,
    /// Whether a reorganisation brought it back, or a transaction that it spends from. Such a transaction is exempt
    /// from mempool policy.
    pub returned: bool,
}

/// The chain as a store has kept it.
#[derive(Debug, Clone)]
pub struct StoredChain {
    /// The headers of all bodies that were stored except genesis', pruned ones too, parents before children. The flag
    /// says whether the block is invalid.
    pub headers: Vec<(Header, bool)>,
    /// The active chain's tip.
    pub tip: BlockHash,
    /// The state after the tip.
    pub state: ChainState,
    /// The snapshot at which the chain begins; `None` for genesis. `headers` are those above it then.
    pub root: Option<Box<SnapshotRoot>>,
}

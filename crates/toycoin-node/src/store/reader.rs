//! The state on disk after the last transaction.

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableError};
use toycoin_core::{
    BlockHash, Txid, filter::BlockFilter, proof::Opening, state::ChainState, store::SnapshotRoot, utxo::Coin,
};

use crate::store::{INDEX_FILE, StoreError, head::Head, record::Fields, tables::*};

/// The database's state after the last transaction.
pub(super) struct Reader {
    pub(super) meta: ReadOnlyTable<&'static str, &'static [u8]>,
    pub(super) blocks: ReadOnlyTable<&'static [u8; 32], &'static [u8; BLOCK]>,
    pub(super) active: ReadOnlyTable<u64, &'static [u8; ACTIVE_BLOCK]>,
    pub(super) openings: ReadOnlyTable<u64, &'static [u8; OPENING]>,
    pub(super) filters: ReadOnlyTable<u64, &'static [u8]>,
    pub(super) coins: ReadOnlyTable<&'static [u8; OUTPOINT], &'static [u8; COIN]>,
    pub(super) owners: ReadOnlyTable<&'static [u8; OWNED], ()>,
    pub(super) transactions: ReadOnlyTable<&'static [u8; 32], &'static [u8; PLACE]>,
    pub(super) waiting: ReadOnlyTable<u32, &'static [u8]>,
}

impl Reader {
    pub(super) fn new(database: &Database) -> Result<Self, StoreError> {
        let transaction = database.begin_read()?;
        Ok(Self {
            meta: transaction.open_table(META)?,
            blocks: transaction.open_table(BLOCKS)?,
            active: transaction.open_table(ACTIVE)?,
            openings: transaction.open_table(OPENINGS)?,
            filters: transaction.open_table(FILTERS)?,
            coins: transaction.open_table(COINS)?,
            owners: transaction.open_table(OWNERS)?,
            transactions: transaction.open_table(TRANSACTIONS)?,
            waiting: transaction.open_table(WAITING)?,
        })
    }

    /// Returns the values that identify a database; `None` for a new one.
    pub(super) fn head(database: &Database) -> Result<Option<Head>, StoreError> {
        let meta = match database.begin_read()?.open_table(META) {
            Ok(meta) => meta,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(TableError::TableTypeMismatch { .. } | TableError::TypeDefinitionChanged { .. }) => {
                return Err(StoreError::damaged(INDEX_FILE, "its tables are not those of a toycoin store"));
            }
            Err(error) => return Err(error.into()),
        };
        Head::parse(|key| Ok(meta.get(key)?.map(|value| value.value().to_vec())))
    }

    /// Returns the number of blocks from genesis to the tip, whether they are here or not: the height above the tip's.
    pub(super) fn active_blocks(&self) -> Result<u64, StoreError> {
        Ok(self.active.last()?.map_or(0, |(height, _)| height.value() + 1))
    }

    /// Returns the snapshot at which the chain begins.
    pub(super) fn root(&self) -> Result<Option<SnapshotRoot>, StoreError> {
        self.meta.get(ROOT_KEY)?.map(|bytes| root_from_bytes(bytes.value())).transpose()
    }

    /// Returns the height below which the chain has no blocks; 0 if it begins at genesis.
    pub(super) fn first_block(&self) -> Result<u64, StoreError> {
        Ok(self.root()?.map_or(0, |root| root.header.height + 1))
    }

    /// Returns what the database needed when that was last measured, in bytes; 0 if it never was.
    pub(super) fn packed(&self) -> Result<u64, StoreError> {
        let value = self.meta.get(PACKED_KEY)?;
        value.map_or(Ok(0), |bytes| Fields::open("meta", PACKED_KEY.as_bytes(), bytes.value())?.u64())
    }

    pub(super) fn tip(&self) -> Result<Option<(BlockHash, ChainState)>, StoreError> {
        self.meta.get(TIP_KEY)?.map(|bytes| tip_from_bytes(bytes.value())).transpose()
    }

    pub(super) fn block(&self, hash: &BlockHash) -> Result<Option<BlockRecord>, StoreError> {
        let found = self.blocks.get(hash.as_bytes())?;
        found.map(|bytes| BlockRecord::from_bytes(hash.as_bytes(), bytes.value())).transpose()
    }

    pub(super) fn active(&self, height: u64) -> Result<Option<ActiveRecord>, StoreError> {
        self.active.get(height)?.map(|bytes| ActiveRecord::from_bytes(height, bytes.value())).transpose()
    }

    pub(super) fn opening(&self, height: u64) -> Result<Option<Opening>, StoreError> {
        self.openings.get(height)?.map(|bytes| opening_from_bytes(height, bytes.value())).transpose()
    }

    /// Returns the filter of the block at `height` with this hash.
    pub(super) fn filter(&self, height: u64, block: BlockHash) -> Result<Option<BlockFilter>, StoreError> {
        self.filters.get(height)?.map(|bytes| filter_from_bytes(height, block, bytes.value())).transpose()
    }

    pub(super) fn coin(&self, key: &[u8; OUTPOINT]) -> Result<Option<Coin>, StoreError> {
        self.coins.get(key)?.map(|bytes| coin_from_bytes(key, bytes.value())).transpose()
    }

    pub(super) fn place(&self, txid: &Txid) -> Result<Option<(u64, u32)>, StoreError> {
        let found = self.transactions.get(txid.as_bytes())?;
        found.map(|bytes| place_from_bytes(txid.as_bytes(), bytes.value())).transpose()
    }
}

//! The tables of the database, and their records as types. docs/storage.md describes them byte by byte.

use redb::TableDefinition;
use toycoin_core::{
    Amount, BlockHash, Header, OutPoint, PublicKey, TxOut, Txid, Work,
    filter::BlockFilter,
    proof::Opening,
    state::{Ancestors, ChainState, LTHASH_BYTES, LtHash},
    store::{SnapshotRoot, WaitingTransaction},
    utxo::Coin,
};

use crate::store::{
    StoreError,
    bodies::FileOffset,
    record::{CHECK, Fields, damaged, seal, seal_long},
};

/// Single values by name: [`SCHEMA_KEY`], [`GENESIS_KEY`], [`TIP_KEY`], [`ROOT_KEY`], [`BODIES_END_KEY`],
/// [`PACKED_KEY`].
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Every block whose body is kept, by hash.
pub(super) const BLOCKS: TableDefinition<'_, &[u8; 32], &[u8; BLOCK]> = TableDefinition::new("blocks");
/// The active chain, by height.
pub(super) const ACTIVE: TableDefinition<'_, u64, &[u8; ACTIVE_BLOCK]> = TableDefinition::new("active");
/// The openings of the active chain's states, by height.
pub(super) const OPENINGS: TableDefinition<'_, u64, &[u8; OPENING]> = TableDefinition::new("openings");
/// The filters of the active chain's blocks, by height.
pub(super) const FILTERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("filters");
/// The UTXO set: the unspent coins after the tip, by outpoint.
pub(super) const COINS: TableDefinition<'_, &[u8; OUTPOINT], &[u8; COIN]> = TableDefinition::new("coins");
/// Outpoints of the same coins, by the first bytes of their owner's key.
pub(super) const OWNERS: TableDefinition<'_, &[u8; OWNED], ()> = TableDefinition::new("owners");
/// Location of each transaction of the active chain, by txid.
pub(super) const TRANSACTIONS: TableDefinition<'_, &[u8; 32], &[u8; PLACE]> = TableDefinition::new("transactions");
/// Transactions that wait for a block, in order.
pub(super) const WAITING: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("waiting");

pub(super) const SCHEMA_KEY: &str = "schema";
pub(super) const GENESIS_KEY: &str = "genesis";
pub(super) const TIP_KEY: &str = "tip";
/// The snapshot at which the chain begins; missing when it begins at genesis.
pub(super) const ROOT_KEY: &str = "snapshot";
pub(super) const PACKED_KEY: &str = "packed";
pub(super) const BODIES_END_KEY: &str = "bodies_end";

pub(super) const BLOCK: usize = Header::SIZE + 1 + 8 + 4 + CHECK;
pub(super) const ACTIVE_BLOCK: usize = 32 + 32 + 8 + 4 + CHECK;
pub(super) const OPENING: usize = 32 + 8 + CHECK;
pub(super) const OUTPOINT: usize = 32 + 4;
pub(super) const COIN: usize = 8 + 32 + 8 + CHECK;
const OWNER: usize = 8;
pub(super) const OWNED: usize = OWNER + OUTPOINT;
pub(super) const PLACE: usize = 8 + 4 + CHECK;

/// A block whose body is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockRecord {
    pub(super) header: Header,
    pub(super) invalid: bool,
    pub(super) body: FileOffset,
}

impl BlockRecord {
    pub(super) fn to_bytes(self, hash: &BlockHash) -> [u8; BLOCK] {
        let (at, length) = (self.body.at.to_le_bytes(), self.body.length.to_le_bytes());
        seal("blocks", hash.as_bytes(), &[&self.header.to_bytes(), &[u8::from(self.invalid)], &at, &length])
    }

    pub(super) fn from_bytes(hash: &[u8; 32], bytes: &[u8; BLOCK]) -> Result<Self, StoreError> {
        let mut fields = Fields::open("blocks", hash, bytes)?;
        let header = Header::from_bytes(&fields.take()?);
        let invalid = match fields.take()? {
            [0] => false,
            [1] => true,
            [other] => return Err(fields.damaged(format_args!("its mark of invalid blocks is {other}, not 0 or 1"))),
        };
        Ok(Self { header, invalid, body: FileOffset { at: fields.u64()?, length: fields.u32()? } })
    }
}

/// A block of the active chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ActiveRecord {
    pub(super) hash: BlockHash,
    /// Work of the chain up to this block, itself included.
    pub(super) work: Work,
    pub(super) undo: FileOffset,
}

impl ActiveRecord {
    pub(super) fn to_bytes(self, height: u64) -> [u8; ACTIVE_BLOCK] {
        let (at, length) = (self.undo.at.to_le_bytes(), self.undo.length.to_le_bytes());
        let work = self.work.to_be_bytes();
        seal("active", &height.to_be_bytes(), &[self.hash.as_bytes(), &work, &at, &length])
    }

    pub(super) fn from_bytes(height: u64, bytes: &[u8; ACTIVE_BLOCK]) -> Result<Self, StoreError> {
        let key = height.to_be_bytes();
        let mut fields = Fields::open("active", &key, bytes)?;
        let hash = BlockHash::from_bytes(fields.take()?);
        let work = Work::from_be_bytes(fields.take()?);
        Ok(Self { hash, work, undo: FileOffset { at: fields.u64()?, length: fields.u32()? } })
    }
}

pub(super) fn opening_to_bytes(height: u64, opening: &Opening) -> [u8; OPENING] {
    seal("openings", &height.to_be_bytes(), &[&opening.coins, &opening.count.to_le_bytes()])
}

pub(super) fn opening_from_bytes(height: u64, bytes: &[u8; OPENING]) -> Result<Opening, StoreError> {
    let key = height.to_be_bytes();
    let mut fields = Fields::open("openings", &key, bytes)?;
    Ok(Opening { coins: fields.take()?, count: fields.u64()? })
}

pub(super) fn filter_to_bytes(height: u64, filter: &BlockFilter) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + filter.bytes.len() + CHECK);
    bytes.extend(filter.count.to_le_bytes());
    bytes.extend(&filter.bytes);
    seal_long("filters", &height.to_be_bytes(), bytes)
}

/// Reads the filter of the block at `height`, whose hash the table of the active chain has.
pub(super) fn filter_from_bytes(height: u64, block: BlockHash, bytes: &[u8]) -> Result<BlockFilter, StoreError> {
    let key = height.to_be_bytes();
    let mut fields = Fields::open("filters", &key, bytes)?;
    Ok(BlockFilter { block, count: fields.u32()?, bytes: fields.rest().to_vec() })
}

pub(super) fn outpoint_key(outpoint: &OutPoint) -> [u8; OUTPOINT] {
    let mut key = [0; OUTPOINT];
    key[..32].copy_from_slice(outpoint.txid.as_bytes());
    key[32..].copy_from_slice(&outpoint.vout.to_be_bytes());
    key
}

pub(super) fn outpoint_of(key: &[u8; OUTPOINT]) -> OutPoint {
    let (mut txid, mut vout) = ([0; 32], [0; 4]);
    txid.copy_from_slice(&key[..32]);
    vout.copy_from_slice(&key[32..]);
    OutPoint { txid: Txid::from_bytes(txid), vout: u32::from_be_bytes(vout) }
}

pub(super) fn coin_to_bytes(key: &[u8; OUTPOINT], coin: &Coin) -> [u8; COIN] {
    let (value, height) = (coin.output.value.grains().to_le_bytes(), coin.coinbase_height.to_le_bytes());
    seal("coins", key, &[&value, coin.output.owner.as_bytes(), &height])
}

pub(super) fn coin_from_bytes(key: &[u8; OUTPOINT], bytes: &[u8; COIN]) -> Result<Coin, StoreError> {
    let mut fields = Fields::open("coins", key, bytes)?;
    let value = Amount::from_grains(fields.u64()?);
    let owner = PublicKey::from_bytes(fields.take()?);
    Ok(Coin { output: TxOut { value, owner }, coinbase_height: fields.u64()? })
}

/// Returns the key of a coin in its owner's list. Eight bytes of the owner's key are enough, because the coin itself
/// names the full key.
pub(super) fn owned_key(owner: &PublicKey, outpoint: &[u8; OUTPOINT]) -> [u8; OWNED] {
    let mut key = [0; OWNED];
    key[..OWNER].copy_from_slice(&owner.as_bytes()[..OWNER]);
    key[OWNER..].copy_from_slice(outpoint);
    key
}

pub(super) fn outpoint_of_owned(key: &[u8; OWNED]) -> [u8; OUTPOINT] {
    let mut outpoint = [0; OUTPOINT];
    outpoint.copy_from_slice(&key[OWNER..]);
    outpoint
}

pub(super) fn place_to_bytes(txid: &Txid, height: u64, place: u32) -> [u8; PLACE] {
    seal("transactions", txid.as_bytes(), &[&height.to_le_bytes(), &place.to_le_bytes()])
}

pub(super) fn place_from_bytes(txid: &[u8; 32], bytes: &[u8; PLACE]) -> Result<(u64, u32), StoreError> {
    let mut fields = Fields::open("transactions", txid, bytes)?;
    Ok((fields.u64()?, fields.u32()?))
}

/// Returns the encoded tip and the state after it.
pub(super) fn tip_to_bytes(tip: &BlockHash, state: &ChainState) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32 + 8 + 8 + LTHASH_BYTES + 8 + 64 * 32);
    bytes.extend(tip.as_bytes());
    bytes.extend(state.coin_count.to_le_bytes());
    bytes.extend(state.issued.grains().to_le_bytes());
    bytes.extend(state.utxo_hash.to_bytes());
    bytes.extend(state.ancestors.count().to_le_bytes());
    bytes.extend(state.ancestors.peaks().iter().flatten());
    seal_long("meta", TIP_KEY.as_bytes(), bytes)
}

pub(super) fn tip_from_bytes(bytes: &[u8]) -> Result<(BlockHash, ChainState), StoreError> {
    let mut fields = Fields::open("meta", TIP_KEY.as_bytes(), bytes)?;
    let tip = BlockHash::from_bytes(fields.take()?);
    let coin_count = fields.u64()?;
    let issued = Amount::from_grains(fields.u64()?);
    let coins = LtHash::from_bytes(&fields.take()?);
    let count = fields.u64()?;
    let (peaks, rest) = fields.rest().as_chunks::<32>();
    let ancestors = Ancestors::from_parts(count, peaks.to_vec()).filter(|_| rest.is_empty());
    let ancestors = ancestors.ok_or_else(|| {
        damaged("meta", TIP_KEY.as_bytes(), "the number of its peaks does not follow from their count")
    })?;
    Ok((tip, ChainState { utxo_hash: coins, coin_count, issued, ancestors }))
}

/// Returns the encoded snapshot at which a chain begins, without its checksum.
pub(super) fn root_to_bytes(root: &SnapshotRoot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * (Header::SIZE + 32) + CHECK);
    for (header, work) in [(root.previous, root.previous_work), (root.header, root.work)] {
        bytes.extend(header.to_bytes());
        bytes.extend(work.to_be_bytes());
    }
    bytes
}

pub(super) fn root_from_bytes(bytes: &[u8]) -> Result<SnapshotRoot, StoreError> {
    let mut fields = Fields::open("meta", ROOT_KEY.as_bytes(), bytes)?;
    let mut next =
        || -> Result<_, StoreError> { Ok((Header::from_bytes(&fields.take()?), Work::from_be_bytes(fields.take()?))) };
    let ((previous, previous_work), (header, work)) = (next()?, next()?);
    Ok(SnapshotRoot { previous, previous_work, header, work })
}

/// Returns the flags of a waiting transaction: 1 for one of the node's own, 2 for one that a reorganisation brought
/// back.
pub(super) fn waiting_flags(waiting: &WaitingTransaction) -> u8 {
    u8::from(waiting.own) | u8::from(waiting.returned) << 1
}

/// Returns whether it is the node's own, and whether a reorganisation brought it back; `None` for unknown flags.
pub(super) const fn waiting_of_flags(flags: u8) -> Option<(bool, bool)> {
    if flags < 4 { Some((flags & 1 != 0, flags & 2 != 0)) } else { None }
}

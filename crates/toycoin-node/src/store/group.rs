//! A group in the tables of the database.

use std::ops::Bound;

use redb::{ReadableTable, WriteTransaction};
use toycoin_core::{BlockHash, Txid, Work, filter::BlockFilter};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::store::{
    StoreError,
    bodies::FileOffset,
    changes::apply,
    pending::Pending,
    record::{damaged, seal_long},
    tables::*,
};

/// Locations of a group's bodies and undo data.
pub(super) struct Written {
    pub(super) bodies: Vec<(BlockHash, BlockRecord)>,
    pub(super) undo: Vec<FileOffset>,
    /// Length of all of them, in bytes.
    pub(super) length: u64,
}

/// Writes a group into the tables. `end` is the end of the bodies' file with this group.
pub(super) fn write_tables(
    transaction: &WriteTransaction,
    group: &Pending,
    written: &Written,
    end: u64,
) -> Result<(), StoreError> {
    write_blocks(transaction, group, &written.bodies)?;
    write_active(transaction, group, &written.undo)?;
    write_openings(transaction, group)?;
    write_filters(transaction, group)?;
    write_coins(transaction, group)?;
    write_transactions(transaction, group)?;
    write_waiting(transaction, group)?;
    let mut meta = transaction.open_table(META)?;
    let end = seal_long("meta", BODIES_END_KEY.as_bytes(), end.to_le_bytes().to_vec());
    meta.insert(BODIES_END_KEY, end.as_slice())?;
    if let Some((tip, state)) = &group.tip {
        meta.insert(TIP_KEY, tip_to_bytes(tip, state).as_slice())?;
    }
    Ok(())
}

fn write_blocks(
    transaction: &WriteTransaction,
    pending: &Pending,
    bodies: &[(BlockHash, BlockRecord)],
) -> Result<(), StoreError> {
    let entry = |hash: &BlockHash, record: BlockRecord| (hash.to_bytes(), Some(record.to_bytes(hash)));
    // a body that was written before the group has no record yet that a mark could change
    let marked = |hash, record: BlockRecord| BlockRecord { invalid: pending.invalid.contains(hash), ..record };
    let mut changes: Vec<_> = bodies.iter().map(|(hash, record)| entry(hash, marked(hash, *record))).collect();
    let blocks = transaction.open_table(BLOCKS)?;
    for hash in pending.invalid.iter().filter(|hash| !pending.bodies.contains_key(hash)) {
        let found = blocks.get(hash.as_bytes())?;
        let record = found.map(|bytes| BlockRecord::from_bytes(hash.as_bytes(), bytes.value())).transpose()?;
        changes.extend(record.map(|record| entry(hash, BlockRecord { invalid: true, ..record })));
    }
    drop(blocks);
    let verify = |hash: &_, bytes: &&_| BlockRecord::from_bytes(hash, bytes).map(drop);
    apply(transaction, BLOCKS, changes, |bytes| bytes, verify).map(drop)
}

fn write_active(transaction: &WriteTransaction, pending: &Pending, undo: &[FileOffset]) -> Result<(), StoreError> {
    if pending.tip.is_none() {
        return Ok(());
    }
    let mut active = transaction.open_table(ACTIVE)?;
    let mut work = match pending.standing.checked_sub(1) {
        Some(height) => {
            let below = active.get(height)?.map(|bytes| ActiveRecord::from_bytes(height, bytes.value())).transpose()?;
            below.ok_or_else(|| damaged("active", &height.to_be_bytes(), "it is missing"))?.work
        }
        None => Work::default(),
    };
    active.retain_in(pending.standing.., |_, _| false)?;
    let mut end = active.upper_bound_mut(Bound::<u64>::Unbounded)?;
    for (height, (connected, undo)) in (pending.standing..).zip(pending.connected.iter().zip(undo)) {
        let block = &connected.block;
        let own = block.block().header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        work = work + own;
        let record = ActiveRecord { hash: block.hash(), work, undo: *undo };
        end.insert_before(height, &record.to_bytes(height))?;
    }
    Ok(end.close()?)
}

fn write_openings(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    if pending.tip.is_none() {
        return Ok(());
    }
    let mut openings = transaction.open_table(OPENINGS)?;
    openings.retain_in(pending.standing.., |_, _| false)?;
    let mut end = openings.upper_bound_mut(Bound::<u64>::Unbounded)?;
    for (height, connected) in (pending.standing..).zip(&pending.connected) {
        end.insert_before(height, &opening_to_bytes(height, &connected.opening))?;
    }
    Ok(end.close()?)
}

fn write_filters(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    if pending.tip.is_none() {
        return Ok(());
    }
    let mut filters = transaction.open_table(FILTERS)?;
    filters.retain_in(pending.standing.., |_, _| false)?;
    let mut end = filters.upper_bound_mut(Bound::<u64>::Unbounded)?;
    for (height, connected) in (pending.standing..).zip(&pending.connected) {
        let filter = BlockFilter::with_hash(connected.block.hash(), connected.block.block());
        end.insert_before(height, filter_to_bytes(height, &filter).as_slice())?;
    }
    Ok(end.close()?)
}

fn write_coins(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let diff = &pending.diff;
    let count = diff.spent_unordered().len() + diff.created_unordered().len();
    let (mut coins, mut owners) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (outpoint, coin) in diff.spent() {
        let key = outpoint_key(outpoint);
        coins.push((key, None));
        owners.push((owned_key(&coin.output.owner, &key), None));
    }
    for (outpoint, coin) in diff.created() {
        let key = outpoint_key(outpoint);
        coins.push((key, Some(coin_to_bytes(&key, coin))));
        owners.push((owned_key(&coin.output.owner, &key), Some(())));
    }
    let verify = |key: &_, bytes: &&_| coin_from_bytes(key, bytes).map(drop);
    if let Some(missing) = apply(transaction, COINS, coins, |bytes| bytes, verify)? {
        return Err(damaged("coins", &missing, "it is missing, but a block spends it"));
    }
    // the key is the whole entry
    apply(transaction, OWNERS, owners, |()| (), |_, ()| Ok(())).map(drop)
}

fn write_transactions(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let change = |(txid, place): (&Txid, &Option<(u64, u32)>)| {
        (txid.to_bytes(), place.map(|(height, place)| place_to_bytes(txid, height, place)))
    };
    let verify = |txid: &_, bytes: &&_| place_from_bytes(txid, bytes).map(drop);
    let changes = pending.transactions.iter().map(change).collect();
    apply(transaction, TRANSACTIONS, changes, |bytes| bytes, verify).map(drop)
}

fn write_waiting(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let Some(kept) = &pending.waiting else { return Ok(()) };
    let mut waiting = transaction.open_table(WAITING)?;
    waiting.retain(|_, _| false)?;
    for (place, kept) in (0u32..).zip(kept) {
        let mut value = vec![waiting_flags(kept)];
        codec::encode_into(&mut value, &kept.transaction, MAX_DECODE)
            .map_err(|error| StoreError::Database(error.to_string()))?;
        waiting.insert(place, seal_long("waiting", &place.to_be_bytes(), value).as_slice())?;
    }
    Ok(())
}

//! A group in the tables of the database.

use redb::{ReadableTable, WriteTransaction};
use toycoin_core::{BlockHash, Work, filter::BlockFilter};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::store::{
    StoreError,
    bodies::FileOffset,
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
    let mut blocks = transaction.open_table(BLOCKS)?;
    let mut sorted: Vec<_> = bodies.iter().collect();
    sorted.sort_unstable_by_key(|(hash, _)| *hash);
    for (hash, record) in sorted {
        blocks.insert(hash.as_bytes(), &record.to_bytes(hash))?;
    }
    for hash in pending.invalid.iter().filter(|hash| !pending.bodies.contains_key(hash)) {
        let found = blocks.get(hash.as_bytes())?;
        let record = found.map(|bytes| BlockRecord::from_bytes(hash.as_bytes(), bytes.value())).transpose()?;
        if let Some(record) = record {
            let record = BlockRecord { invalid: true, ..record };
            blocks.insert(hash.as_bytes(), &record.to_bytes(hash))?;
        }
    }
    Ok(())
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
    for (height, (connected, undo)) in (pending.standing..).zip(pending.connected.iter().zip(undo)) {
        let block = &connected.block;
        let own = block.block().header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        work = work + own;
        let record = ActiveRecord { hash: block.hash(), work, undo: *undo };
        active.insert(height, &record.to_bytes(height))?;
    }
    Ok(())
}

fn write_openings(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    if pending.tip.is_none() {
        return Ok(());
    }
    let mut openings = transaction.open_table(OPENINGS)?;
    openings.retain_in(pending.standing.., |_, _| false)?;
    for (height, connected) in (pending.standing..).zip(&pending.connected) {
        openings.insert(height, &opening_to_bytes(height, &connected.opening))?;
    }
    Ok(())
}

fn write_filters(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    if pending.tip.is_none() {
        return Ok(());
    }
    let mut filters = transaction.open_table(FILTERS)?;
    filters.retain_in(pending.standing.., |_, _| false)?;
    for (height, connected) in (pending.standing..).zip(&pending.connected) {
        let filter = BlockFilter::with_hash(connected.block.hash(), connected.block.block());
        filters.insert(height, filter_to_bytes(height, &filter).as_slice())?;
    }
    Ok(())
}

fn write_coins(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let (mut coins, mut owners) = (transaction.open_table(COINS)?, transaction.open_table(OWNERS)?);
    let mut changes = Vec::new();
    for (outpoint, coin) in pending.diff.spent() {
        let key = outpoint_key(outpoint);
        if coins.remove(&key)?.is_none() {
            return Err(damaged("coins", &key, "it is missing, but a block spends it"));
        }
        changes.push((owned_key(&coin.output.owner, &key), false));
    }
    for (outpoint, coin) in pending.diff.created() {
        let key = outpoint_key(outpoint);
        coins.insert(&key, &coin_to_bytes(&key, coin))?;
        changes.push((owned_key(&coin.output.owner, &key), true));
    }
    // in the order of keys, the removal of a coin before its creation
    changes.sort_unstable();
    for (key, made) in changes {
        if made {
            owners.insert(&key, ())?;
        } else {
            owners.remove(&key)?;
        }
    }
    Ok(())
}

fn write_transactions(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    let mut transactions = transaction.open_table(TRANSACTIONS)?;
    for (txid, place) in &pending.transactions {
        match place {
            Some((height, place)) => {
                transactions.insert(txid.as_bytes(), &place_to_bytes(txid, *height, *place))?;
            }
            None => drop(transactions.remove(txid.as_bytes())?),
        }
    }
    Ok(())
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

//! Records that are read and written again, for tests that feed them random bytes.

use toycoin_core::BlockHash;

use crate::store::{
    record::seal_long,
    tables::{
        ActiveRecord, BlockRecord, TIP_KEY, coin_from_bytes, coin_to_bytes, filter_from_bytes, filter_to_bytes,
        opening_from_bytes, opening_to_bytes, outpoint_key, outpoint_of, place_from_bytes, place_to_bytes,
        tip_from_bytes, tip_to_bytes,
    },
};

/// The tables whose records [`reencode`] knows, with the length of a key in bytes.
pub const TABLES: [(&str, usize); 7] =
    [("blocks", 32), ("active", 8), ("coins", 36), ("transactions", 32), ("meta", 0), ("openings", 8), ("filters", 8)];

/// Reads a record and writes it again. Returns the bytes that were read, and the bytes that were written; `None` if the
/// record is invalid or the key has a wrong length.
///
/// With `seal`, the correct checksum is appended to `record` first, because random bytes never contain it.
pub fn reencode(table: &str, key: &[u8], record: &[u8], seal: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let table_key = if table == "meta" { TIP_KEY.as_bytes() } else { key };
    let record = if seal { seal_long(table, table_key, record.to_vec()) } else { record.to_vec() };
    let written = match table {
        "blocks" => {
            let key = key.try_into().ok()?;
            let read = BlockRecord::from_bytes(&key, record.as_slice().try_into().ok()?).ok()?;
            read.to_bytes(&BlockHash::from_bytes(key)).to_vec()
        }
        "active" => {
            let height = u64::from_be_bytes(key.try_into().ok()?);
            ActiveRecord::from_bytes(height, record.as_slice().try_into().ok()?).ok()?.to_bytes(height).to_vec()
        }
        "coins" => {
            let key = outpoint_key(&outpoint_of(key.try_into().ok()?));
            coin_to_bytes(&key, &coin_from_bytes(&key, record.as_slice().try_into().ok()?).ok()?).to_vec()
        }
        "transactions" => {
            let key: [u8; 32] = key.try_into().ok()?;
            let (height, place) = place_from_bytes(&key, record.as_slice().try_into().ok()?).ok()?;
            place_to_bytes(&toycoin_core::Txid::from_bytes(key), height, place).to_vec()
        }
        "openings" => {
            let height = u64::from_be_bytes(key.try_into().ok()?);
            let read = opening_from_bytes(height, record.as_slice().try_into().ok()?).ok()?;
            opening_to_bytes(height, &read).to_vec()
        }
        "filters" => {
            let height = u64::from_be_bytes(key.try_into().ok()?);
            filter_to_bytes(height, &filter_from_bytes(height, BlockHash::ZERO, &record).ok()?)
        }
        _ => {
            let (tip, state) = tip_from_bytes(&record).ok()?;
            tip_to_bytes(&tip, &state)
        }
    };
    Some((record, written))
}

//! The making of one snapshot, beside the store.

use std::{fmt, io, sync::Arc};

use redb::ReadOnlyTable;
use toycoin_core::{
    BlockHash, Header,
    proof::Opening,
    snapshot::{CHUNK_COINS, KeptSnapshot, Maker},
};

use super::{
    file::SnapshotWriter,
    shelf::{Making, Shelf},
};
use crate::store::{
    StoreError,
    tables::{COIN, OUTPOINT, coin_from_bytes, outpoint_of},
};

/// A snapshot to be made: it reads the coins as they were when the job began, and writes a file.
///
/// It needs 1 us for each coin, and memory for one chunk. The store goes on meanwhile. A job that is dropped without
/// having run makes no snapshot, and one that fails neither: nothing else depends on it.
pub struct SnapshotJob {
    pub(super) coins: ReadOnlyTable<&'static [u8; OUTPOINT], &'static [u8; COIN]>,
    pub(super) header: Header,
    pub(super) opening: Opening,
    pub(super) genesis: BlockHash,
    pub(super) shelf: Arc<Shelf>,
    pub(super) making: Making,
}

impl SnapshotJob {
    /// Returns the height of the snapshot's block.
    pub const fn height(&self) -> u64 {
        self.header.height
    }

    /// Makes the snapshot. It ends early when a reorganisation undoes the block, or the store is closed.
    pub fn run(self) {
        let height = self.header.height;
        match self.make() {
            Ok(true) => tracing::info!(height, coins = self.opening.count, "made a snapshot of the UTXO set"),
            Ok(false) => tracing::debug!(height, "a snapshot is not needed any more"),
            Err(error) => tracing::warn!(height, %error, "the snapshot cannot be made"),
        }
    }

    /// Returns false if it was cancelled.
    fn make(&self) -> Result<bool, StoreError> {
        let path = &self.making.path;
        let of_io = |error: io::Error| StoreError::of_io(path, error);
        let chunks = self.opening.count.div_ceil(CHUNK_COINS as u64);
        let mut writer = SnapshotWriter::create(path, self.genesis, chunks).map_err(of_io)?;
        let mut maker = Maker::new(self.header);
        let failed = |error: toycoin_core::snapshot::MakeError| StoreError::damaged("the UTXO set", error);
        // the keys are txid and index, both big-endian: their order is that of outpoints
        for entry in self.coins.range::<&[u8; OUTPOINT]>(..)? {
            let (key, value) = entry?;
            let coin = coin_from_bytes(key.value(), value.value())?;
            if let Some(chunk) = maker.push(&outpoint_of(key.value()), &coin).map_err(failed)? {
                if self.making.is_cancelled() {
                    return Ok(false);
                }
                writer.append(&chunk).map_err(of_io)?;
            }
        }
        let (rest, manifest) = maker.finish(self.opening).map_err(failed)?;
        if let Some(rest) = rest {
            writer.append(&rest).map_err(of_io)?;
        }
        writer.finish(&manifest).map_err(of_io)?;
        self.shelf.keep(&self.making, writer, KeptSnapshot::from(manifest)).map_err(of_io)?;
        Ok(!self.making.is_cancelled())
    }
}

impl Drop for SnapshotJob {
    fn drop(&mut self) {
        self.shelf.end(&self.making);
    }
}

impl fmt::Debug for SnapshotJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotJob").field("height", &self.header.height).finish_non_exhaustive()
    }
}

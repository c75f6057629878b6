//! The coins of a snapshot while they come.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use toycoin_core::snapshot::{CHUNK_COINS, COIN_BYTES, CoinBytes, MAX_COINS};

use crate::store::StoreError;

/// A file for the chunks of a snapshot that are downloaded, in any order: `snapshot.part` in a store's directory.
///
/// It takes the place of its coins on the disk, 84 bytes each, and never more. It is deleted when it is dropped, and a
/// file that a crash left is replaced by the next one.
#[derive(Debug)]
pub struct SnapshotPart {
    path: PathBuf,
    file: File,
    coins: u64,
}

impl SnapshotPart {
    /// Creates the file for so many coins, and the directory if it is missing.
    ///
    /// # Errors
    /// When the disk fails, or for more coins than a snapshot may have.
    pub fn create(directory: &Path, coins: u64) -> Result<Self, StoreError> {
        let path = directory.join("snapshot.part");
        let of_io = |error| StoreError::of_io(&path, error);
        if coins > MAX_COINS {
            return Err(StoreError::Database(format!("a snapshot has at most {MAX_COINS} coins, not {coins}")));
        }
        fs::create_dir_all(directory).map_err(of_io)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path).map_err(of_io)?;
        Ok(Self { path, file, coins })
    }

    /// Writes a chunk.
    ///
    /// # Errors
    /// When the disk fails, or the chunk does not lie within the snapshot.
    pub fn write(&mut self, place: u32, coins: &[CoinBytes]) -> Result<(), StoreError> {
        let first = u64::from(place) * CHUNK_COINS as u64;
        if first + coins.len() as u64 > self.coins {
            return Err(StoreError::Database(format!("chunk {place} ends beyond {} coins", self.coins)));
        }
        let bytes: Vec<_> = coins.iter().flat_map(|coin| coin.0).collect();
        let placed = self.file.seek(SeekFrom::Start(first * COIN_BYTES as u64));
        placed.and_then(|_| self.file.write_all(&bytes)).map_err(|error| StoreError::of_io(&self.path, error))
    }

    /// Returns the coins in the order of the chunks' numbers.
    ///
    /// # Errors
    /// When the disk fails, at once or with a coin.
    pub fn coins(&mut self) -> Result<impl Iterator<Item = Result<CoinBytes, StoreError>>, StoreError> {
        self.file.seek(SeekFrom::Start(0)).map_err(|error| StoreError::of_io(&self.path, error))?;
        let (path, count) = (&self.path, self.coins);
        let mut reader = BufReader::with_capacity(COIN_BYTES * CHUNK_COINS, &self.file);
        Ok((0..count).map(move |_| {
            let mut bytes = [0; COIN_BYTES];
            reader.read_exact(&mut bytes).map_err(|error| StoreError::of_io(path, error))?;
            Ok(CoinBytes(bytes))
        }))
    }
}

impl Drop for SnapshotPart {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a file cannot be deleted");
        }
    }
}

//! The file of a snapshot: a head with its manifest, then the coins.
//!
//! ```text
//!   magic 8 | schema u32 | genesis 32 | header 128 | coins digest 32 | count u64 | sum 2,048 | n u32 | n hashes | check 32
//!   then count coins of 84 bytes, as they are sent
//! ```
//!
//! The check is the BLAKE3 of the head before it. Each chunk is compared with its hash in the manifest when it is read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use toycoin_core::{
    BlockHash, Header,
    proof::Opening,
    snapshot::{CHUNK_COINS, COIN_BYTES, CoinBytes, MAX_CHUNKS, MadeChunk, Manifest, chunk_hash},
    state::{LTHASH_BYTES, LtHash},
};

/// A snapshot's file in the making.
pub(super) struct SnapshotWriter {
    path: PathBuf,
    file: File,
    genesis: BlockHash,
}

impl SnapshotWriter {
    /// Creates the file, or replaces one that an earlier attempt left.
    pub(super) fn create(path: &Path, genesis: BlockHash, chunks: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        // the head is written last, when it is known
        file.seek(SeekFrom::Start(head_length(chunks)))?;
        Ok(Self { path: path.to_owned(), file, genesis })
    }

    /// Appends a chunk.
    pub(super) fn append(&mut self, chunk: &MadeChunk) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(chunk.coins.len() * COIN_BYTES);
        chunk.coins.iter().for_each(|coin| bytes.extend(coin.0));
        self.file.write_all(&bytes)
    }

    /// Writes the head, and makes the file durable. It gets its name with [`keep`](Self::keep).
    pub(super) fn finish(&mut self, manifest: &Manifest) -> io::Result<()> {
        let mut head = Vec::new();
        head.extend(MAGIC);
        head.extend(SCHEMA.to_le_bytes());
        head.extend(self.genesis.as_bytes());
        head.extend(manifest.header.to_bytes());
        head.extend(manifest.opening.coins);
        head.extend(manifest.opening.count.to_le_bytes());
        head.extend(manifest.sum.to_bytes());
        head.extend(u32::try_from(manifest.chunks.len()).map_err(io::Error::other)?.to_le_bytes());
        head.extend(manifest.chunks.iter().flatten());
        head.extend(blake3::hash(&head).as_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)?;
        self.file.sync_all()
    }

    /// Renames the file, durably.
    pub(super) fn keep(self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, path)?;
        if let Some(directory) = path.parent() {
            // an error is ignored: a system without this operation does not need it
            File::open(directory).and_then(|directory| directory.sync_all()).ok();
        }
        Ok(())
    }
}

/// Reads the manifest of a snapshot of this network; `None` if the file is damaged, or of another network or version.
pub(super) fn read_manifest(path: &Path, genesis: BlockHash) -> io::Result<Option<Manifest>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut fixed = [0; FIXED];
    if length < FIXED as u64 {
        return Ok(None);
    }
    file.read_exact(&mut fixed)?;
    let mut fields = Fields(&fixed);
    let known = (fields.take() == *MAGIC, fields.take() == SCHEMA.to_le_bytes(), fields.take() == genesis.to_bytes());
    let header = Header::from_bytes(&fields.take());
    let opening = Opening { coins: fields.take(), count: u64::from_le_bytes(fields.take()) };
    let sum = LtHash::from_bytes(&fields.take::<LTHASH_BYTES>());
    let chunks = u32::from_le_bytes(fields.take());
    // bounded before it is allocated
    let is_whole = u64::from(chunks) <= MAX_CHUNKS as u64
        && u64::from(chunks) == opening.count.div_ceil(CHUNK_COINS as u64)
        && length == head_length(chunks.into()) + opening.count * COIN_BYTES as u64;
    if known != (true, true, true) || !is_whole {
        return Ok(None);
    }
    let mut hashes = vec![0; 32 * chunks as usize];
    file.read_exact(&mut hashes)?;
    let mut check = [0; 32];
    file.read_exact(&mut check)?;
    let mut hasher = blake3::Hasher::new();
    if hasher.update(&fixed).update(&hashes).finalize() != check {
        return Ok(None);
    }
    let (chunks, _) = hashes.as_chunks::<32>();
    Ok(Some(Manifest { header, opening, sum, chunks: chunks.to_vec() }))
}

/// Reads a chunk, and compares it with its hash; `None` if there is no such chunk, or it is damaged.
pub(super) fn read_chunk(
    path: &Path,
    manifest: &Manifest,
    block: BlockHash,
    place: u32,
) -> io::Result<Option<Vec<CoinBytes>>> {
    let hash = usize::try_from(place).ok().and_then(|place| manifest.chunks.get(place));
    let Some(hash) = hash else { return Ok(None) };
    let first = u64::from(place) * CHUNK_COINS as u64;
    let count = manifest.opening.count.saturating_sub(first).min(CHUNK_COINS as u64);
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(head_length(manifest.chunks.len() as u64) + first * COIN_BYTES as u64))?;
    let mut bytes = vec![0; usize::try_from(count).map_err(io::Error::other)? * COIN_BYTES];
    file.read_exact(&mut bytes)?;
    let (coins, _) = bytes.as_chunks::<COIN_BYTES>();
    let coins: Vec<_> = coins.iter().copied().map(CoinBytes).collect();
    Ok(Some(coins).filter(|coins| chunk_hash(block, place, coins) == *hash))
}

/// The fields of the head before the chunks' hashes, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (front, rest) = self.0.split_first_chunk().expect("the fields' widths add up to the head's");
        self.0 = rest;
        *front
    }
}

const fn head_length(chunks: u64) -> u64 {
    FIXED as u64 + 32 * chunks + 32
}

const MAGIC: &[u8; 8] = b"toysnaps";
const SCHEMA: u32 = 1;
const FIXED: usize = 8 + 4 + 32 + Header::SIZE + 32 + 8 + LTHASH_BYTES + 4;

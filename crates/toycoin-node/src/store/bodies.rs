//! Block bodies and undo data: one file of records that are appended and never changed.
//!
//! ```text
//!   file     magic 8 | schema u32 | genesis 32 | check 4          48 bytes, then records
//!   record   magic 4 | kind u8 | length u32 | check 8 | bytes     17 bytes, then `length`
//! ```
//!
//! A check is a checksum. The database holds each record's position and the end up to which the file is valid. Bytes
//! beyond that end belong to a transaction that was never committed, and are overwritten. The file alone is enough to
//! rebuild the database.

use std::{fmt, io, path::Path};

use redb::StorageBackend;
use toycoin_core::BlockHash;
use toycoin_wire::limits::MAX_DECODE;

use crate::store::{
    BODIES_FILE, SCHEMA, StoreError,
    record::{CHECK, Fields, seal},
};

/// The location of a record in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FileOffset {
    /// Offset of its header from the file's start, in bytes.
    pub(super) at: u64,
    /// Length without the header, in bytes.
    pub(super) length: u32,
}

/// The kind of a record's contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Body = 1,
    Undo = 2,
}

/// The file, with the end up to which it is valid.
pub(super) struct Bodies {
    file: Box<dyn StorageBackend>,
    end: u64,
}

impl Bodies {
    /// Length of a file without records, in bytes.
    pub(super) const EMPTY: u64 = HEAD as u64;

    /// Creates an empty file: its head and no records.
    pub(super) fn create(file: Box<dyn StorageBackend>, genesis: BlockHash) -> Result<Self, StoreError> {
        let head: [u8; HEAD] = seal(BODIES_FILE, b"", &[FILE_MAGIC, &SCHEMA.to_le_bytes(), genesis.as_bytes()]);
        let bodies = Self { file, end: HEAD as u64 };
        let written = bodies.file.set_len(0).and_then(|()| bodies.file.write(0, &head));
        written.and_then(|()| bodies.file.sync_data()).map_err(io)?;
        Ok(bodies)
    }

    /// Opens a file that is valid up to `end`.
    pub(super) fn open(file: Box<dyn StorageBackend>, end: u64) -> Self {
        Self { file, end }
    }

    /// Returns the genesis hash in the file's head; `None` when the file is missing or shorter than its head.
    pub(super) fn genesis(file: &dyn StorageBackend) -> Result<Option<BlockHash>, StoreError> {
        if file.len().map_err(io)? < HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        file.read(0, &mut head).map_err(io)?;
        let mut fields = Fields::open(BODIES_FILE, b"", &head)?;
        if fields.take()? != *FILE_MAGIC {
            return Err(fields.damaged("its first 8 bytes are not those of a blocks file"));
        }
        let found = fields.u32()?;
        if found > SCHEMA {
            return Err(StoreError::NewerSchema { path: BODIES_FILE.into(), found, known: SCHEMA });
        }
        Ok(Some(BlockHash::from_bytes(fields.take()?)))
    }

    /// Returns the offset of the next record.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Returns whether the file is at least as long as its valid part.
    pub(super) fn is_whole(&self) -> Result<bool, StoreError> {
        Ok(self.file.len().map_err(io)? >= self.end)
    }

    /// Appends a record to `batch`, which [`write`](Self::write) will write.
    pub(super) fn put(&self, batch: &mut Vec<u8>, kind: Kind, bytes: &[u8]) -> FileOffset {
        let length = u32::try_from(bytes.len()).expect("blocks have a limit");
        let at = self.end + batch.len() as u64;
        batch.extend(RECORD_MAGIC);
        batch.push(kind as u8);
        batch.extend(length.to_le_bytes());
        batch.extend(sum(kind, bytes));
        batch.extend(bytes);
        FileOffset { at, length }
    }

    /// Writes a batch after the valid part and makes it durable. It becomes valid with [`advance`](Self::advance).
    pub(super) fn write(&self, batch: &[u8]) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.file.write(self.end, batch).and_then(|()| self.file.sync_data()).map_err(io)
    }

    /// Extends the valid part by bytes that were written.
    pub(super) const fn advance(&mut self, bytes: u64) {
        self.end += bytes;
    }

    /// Reads a record's bytes and verifies their checksum.
    pub(super) fn read(&self, place: FileOffset, kind: Kind, name: &dyn fmt::Display) -> Result<Vec<u8>, StoreError> {
        let damaged =
            |reason: &str| StoreError::damaged(format!("{name} at byte {} of {BODIES_FILE}", place.at), reason);
        let mut record = vec![0; RECORD + place.length as usize];
        if place.at.checked_add(record.len() as u64).is_none_or(|end| end > self.end) {
            return Err(damaged("it ends beyond the valid part of the file"));
        }
        self.file.read(place.at, &mut record).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("the file ends before it does"),
            _ => io(error),
        })?;
        match Record::parse(&record) {
            Some(record) if record.kind == kind as u8 && record.length == place.length => {}
            _ => return Err(damaged("its header in the file is not the one in the index")),
        }
        if record[9..RECORD] != sum(kind, &record[RECORD..]) {
            return Err(damaged("its checksum is wrong"));
        }
        record.drain(..RECORD);
        Ok(record)
    }

    /// Finds the bodies in a file without the database's help, and shows each with its location.
    ///
    /// Damaged parts are skipped; returns their bytes. `go_on` may end the scan with an error.
    pub(super) fn scan(
        file: &dyn StorageBackend,
        mut found: impl FnMut(FileOffset, Vec<u8>) -> Result<(), StoreError>,
        mut go_on: impl FnMut() -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let end = file.len().map_err(io)?;
        let (mut at, mut skipped) = (HEAD as u64, 0);
        let mut window = Vec::new();
        while at + RECORD as u64 <= end {
            go_on()?;
            let mut head = [0; RECORD];
            file.read(at, &mut head).map_err(io)?;
            let record = Record::parse(&head).filter(|record| at + (RECORD as u64) + u64::from(record.length) <= end);
            // no longer body or undo data can be decoded
            if let Some(record) = record.filter(|record| record.length as usize <= MAX_DECODE) {
                let mut bytes = vec![0; record.length as usize];
                file.read(at + RECORD as u64, &mut bytes).map_err(io)?;
                let kind = if record.kind == Kind::Body as u8 { Kind::Body } else { Kind::Undo };
                if head[9..] == sum(kind, &bytes) {
                    let place = FileOffset { at, length: record.length };
                    at += (RECORD + bytes.len()) as u64;
                    if kind == Kind::Body {
                        found(place, bytes)?;
                    }
                    continue;
                }
            }
            // continues at the next place where a record may begin
            let length = usize::try_from((end - at - 1).min(1 << 16)).unwrap_or(1 << 16);
            window.resize(length, 0);
            file.read(at + 1, &mut window).map_err(io)?;
            let next = window.windows(4).position(|bytes| bytes == RECORD_MAGIC);
            let step = next.map_or(length.saturating_sub(3).max(1), |next| next + 1) as u64;
            skipped += step;
            at += step;
        }
        Ok(skipped)
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bodies").field("end", &self.end).finish_non_exhaustive()
    }
}

/// The header of a record.
struct Record {
    kind: u8,
    length: u32,
}

impl Record {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<RECORD>()?;
        let length = u32::from_le_bytes([head[5], head[6], head[7], head[8]]);
        let known = head[4] == Kind::Body as u8 || head[4] == Kind::Undo as u8;
        (head[..4] == *RECORD_MAGIC && known).then_some(Self { kind: head[4], length })
    }
}

fn sum(kind: Kind, bytes: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[kind as u8]).update(bytes);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    sum
}

fn io(error: io::Error) -> StoreError {
    StoreError::of_io(Path::new(BODIES_FILE), error)
}

const FILE_MAGIC: &[u8; 8] = b"toyblock";
const RECORD_MAGIC: &[u8; 4] = b"\xf0blk";
const HEAD: usize = 8 + 4 + 32 + CHECK;
const RECORD: usize = 4 + 1 + 4 + 8;

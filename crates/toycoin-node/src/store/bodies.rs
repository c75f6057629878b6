//! Block bodies and undo data: one file of records that are appended and never changed.
//!
//! ```text
//!   file     head, then records: 48 bytes, or 64 if it is pruned (`file_head`)
//!   record   magic 4 | kind u8 | length u32 | check 8 | bytes     17 bytes, then `length`
//! ```
//!
//! A check is a checksum. The database holds each record's position and the end up to which the file is valid. Bytes
//! beyond that end belong to a transaction that was never committed, and are overwritten. The file alone is enough to
//! rebuild the database, unless its first records were pruned.

use std::{fmt, io, path::Path, sync::Arc};

use redb::StorageBackend;
use toycoin_core::BlockHash;
use toycoin_wire::limits::MAX_DECODE;

use crate::store::{BODIES_FILE, StoreError, file_head::FileHead};

/// The location of a record in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FileOffset {
    /// Offset of its header from the start of the whole file, in bytes. Pruning changes no offset.
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

/// The file, with the end up to which it is valid. A clone shares the file.
#[derive(Clone)]
pub(super) struct Bodies {
    file: Arc<dyn StorageBackend>,
    head: FileHead,
    end: u64,
}

impl Bodies {
    /// Creates an empty file: its head and no records.
    pub(super) fn create(file: Box<dyn StorageBackend>, genesis: BlockHash) -> Result<Self, StoreError> {
        let bodies = Self { file: file.into(), head: FileHead::whole(genesis), end: FileHead::WHOLE };
        let written = bodies.file.set_len(0).and_then(|()| bodies.file.write(0, &bodies.head.to_bytes()));
        written.and_then(|()| bodies.file.sync_data()).map_err(io)?;
        Ok(bodies)
    }

    /// Opens a file with this head that is valid up to the offset `end`.
    pub(super) fn open(file: Box<dyn StorageBackend>, head: FileHead, end: u64) -> Self {
        Self { file: file.into(), head, end }
    }

    /// Returns the file's head.
    pub(super) const fn head(&self) -> &FileHead {
        &self.head
    }

    /// Returns whether the file has a record at an offset. Otherwise the record was pruned.
    pub(super) const fn has(&self, place: FileOffset) -> bool {
        place.at >= self.head.start
    }

    /// Returns the offset of the next record.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Returns whether the file is at least as long as its valid part.
    pub(super) fn is_whole(&self) -> Result<bool, StoreError> {
        let length = self.file.len().map_err(io)?;
        Ok(self.head.place_of(self.end).is_some_and(|end| length >= end))
    }

    /// Appends a record to `batch`, which [`write`](Self::write) will write. `fill` appends the record's bytes.
    pub(super) fn put<E>(
        &self,
        batch: &mut Vec<u8>,
        kind: Kind,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<FileOffset, E> {
        let begin = batch.len();
        batch.extend([0; RECORD]);
        fill(batch)?;
        let (head, bytes) = batch[begin..].split_at_mut(RECORD);
        let length = u32::try_from(bytes.len()).expect("blocks have a limit");
        head[..4].copy_from_slice(RECORD_MAGIC);
        head[4] = kind as u8;
        head[5..9].copy_from_slice(&length.to_le_bytes());
        head[9..].copy_from_slice(&sum(kind, bytes));
        Ok(FileOffset { at: self.end + begin as u64, length })
    }

    /// Writes a batch after the valid part and makes it durable. It becomes valid with [`advance`](Self::advance).
    pub(super) fn write(&self, batch: &[u8]) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let end = self.head.place_of(self.end);
        let end =
            end.ok_or_else(|| StoreError::damaged(BODIES_FILE, "it begins beyond the end that the index counts"))?;
        self.file.write(end, batch).and_then(|()| self.file.sync_data()).map_err(io)
    }

    /// Copies the valid part from the offset `start` on to another file, durably. `first` is the height from which the
    /// records there are complete. Returns that file, and how many bytes it is shorter.
    pub(super) fn copy_tail(
        &self,
        start: u64,
        first: u64,
        new: Box<dyn StorageBackend>,
    ) -> Result<(Self, u64), StoreError> {
        let copy = Self { file: new.into(), head: FileHead { start, first, ..self.head }, end: self.end };
        let place = |bodies: &Self, offset| {
            let place = bodies.head.place_of(offset);
            place.ok_or_else(|| StoreError::damaged(BODIES_FILE, "a record lies before its first one"))
        };
        let mut record = [0; RECORD];
        let (mut from, end, length) = (place(self, start)?, place(self, self.end)?, self.file.len().map_err(io)?);
        self.file.read(from, &mut record).map_err(io)?;
        if Record::parse(&record).is_none() {
            // the index and the file differ, so nothing may be cut off
            return Err(StoreError::damaged(BODIES_FILE, format!("no record begins at byte {from}")));
        }
        copy.file.set_len(0).and_then(|()| copy.file.write(0, &copy.head.to_bytes())).map_err(io)?;
        let (mut to, mut piece) = (place(&copy, start)?, vec![0; PIECE]);
        while from < end {
            let length = usize::try_from(end - from).unwrap_or(PIECE).min(PIECE);
            piece.truncate(length);
            self.file.read(from, &mut piece).and_then(|()| copy.file.write(to, &piece)).map_err(io)?;
            (from, to) = (from + length as u64, to + length as u64);
        }
        copy.file.sync_data().map_err(io)?;
        Ok((copy, length.saturating_sub(to)))
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
        let at = self.head.place_of(place.at).ok_or_else(|| damaged("it was pruned"))?;
        self.file.read(at, &mut record).map_err(|error| match error.kind() {
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

    /// Finds the bodies in a file that is not pruned without the database's help, and shows each with its location.
    ///
    /// Damaged parts are skipped; returns their bytes. `go_on` may end the scan with an error.
    pub(super) fn scan(
        file: &dyn StorageBackend,
        mut found: impl FnMut(FileOffset, Vec<u8>) -> Result<(), StoreError>,
        mut go_on: impl FnMut() -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let end = file.len().map_err(io)?;
        let (mut at, mut skipped) = (FileHead::WHOLE, 0);
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
        f.debug_struct("Bodies").field("head", &self.head).field("end", &self.end).finish_non_exhaustive()
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

const RECORD_MAGIC: &[u8; 4] = b"\xf0blk";
/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;
const RECORD: usize = 4 + 1 + 4 + 8;

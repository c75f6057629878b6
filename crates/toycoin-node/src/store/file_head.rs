//! The head of the bodies' file: whose chain it holds, and where its records begin.
//!
//! ```text
//!   whole    "toyblock" | schema u32 | genesis 32 | check 4                            48 bytes, then records
//!   pruned   "toyprune" | schema u32 | genesis 32 | start u64 | first u64 | check 4    64 bytes, then records
//! ```
//!
//! The database names each record by its offset in the whole file. A pruned file lacks the records before offset
//! `start`, so a record lies at `offset - start + 64` in it, and no record of the database changes when the file is
//! pruned.

use std::{io, path::Path};

use redb::StorageBackend;
use toycoin_core::BlockHash;

use crate::store::{
    BODIES_FILE, SCHEMA, StoreError,
    record::{CHECK, Fields, seal},
};

/// The head of the bodies' file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHead {
    /// The hash of the chain's genesis.
    pub(super) genesis: BlockHash,
    /// Offset of the first record, as the database counts.
    pub(super) start: u64,
    /// Height from which the file has all bodies, and the undo data of the active chain; 0 in a whole file.
    pub(super) first: u64,
}

impl FileHead {
    /// Length of a whole file without records, in bytes.
    pub(super) const WHOLE: u64 = WHOLE as u64;

    /// Returns the head of a file that is not pruned.
    pub(super) const fn whole(genesis: BlockHash) -> Self {
        Self { genesis, start: Self::WHOLE, first: 0 }
    }

    /// Reads the head of a file; `None` when the file is shorter than a head.
    pub(super) fn read(file: &dyn StorageBackend) -> Result<Option<Self>, StoreError> {
        let length = file.len().map_err(io)?;
        let mut whole = [0; WHOLE];
        if length < Self::WHOLE {
            return Ok(None);
        }
        file.read(0, &mut whole).map_err(io)?;
        if !whole.starts_with(PRUNED_MAGIC) {
            let mut fields = Fields::open(BODIES_FILE, b"", &whole)?;
            return Ok(Some(Self::whole(Self::genesis(&mut fields, FILE_MAGIC)?)));
        }
        let mut pruned = [0; PRUNED];
        if length < PRUNED as u64 {
            return Err(StoreError::damaged(BODIES_FILE, "it ends within its head"));
        }
        file.read(0, &mut pruned).map_err(io)?;
        let mut fields = Fields::open(BODIES_FILE, b"", &pruned)?;
        let genesis = Self::genesis(&mut fields, PRUNED_MAGIC)?;
        let (start, first) = (fields.u64()?, fields.u64()?);
        if start < Self::WHOLE || first == 0 {
            return Err(fields.damaged("it names no place where a pruned file can begin"));
        }
        Ok(Some(Self { genesis, start, first }))
    }

    fn genesis(fields: &mut Fields<'_>, magic: &[u8; 8]) -> Result<BlockHash, StoreError> {
        if fields.take()? != *magic {
            return Err(fields.damaged("its first 8 bytes are not those of a blocks file"));
        }
        let found = fields.u32()?;
        if found > SCHEMA {
            return Err(StoreError::NewerSchema { path: BODIES_FILE.into(), found, known: SCHEMA });
        }
        Ok(BlockHash::from_bytes(fields.take()?))
    }

    /// Returns whether the file lacks its first records.
    pub(super) const fn is_pruned(&self) -> bool {
        self.first > 0
    }

    /// Returns the place in the file of an offset; `None` if it was pruned, or is beyond every file.
    pub(super) const fn place_of(&self, offset: u64) -> Option<u64> {
        let length = if self.is_pruned() { PRUNED as u64 } else { Self::WHOLE };
        match offset.checked_sub(self.start) {
            Some(above) => above.checked_add(length),
            None => None,
        }
    }

    /// Returns the encoded head.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let (schema, genesis) = (SCHEMA.to_le_bytes(), self.genesis.as_bytes());
        if !self.is_pruned() {
            return seal::<WHOLE>(BODIES_FILE, b"", &[FILE_MAGIC, &schema, genesis]).to_vec();
        }
        let [start, first] = [self.start, self.first].map(u64::to_le_bytes);
        seal::<PRUNED>(BODIES_FILE, b"", &[PRUNED_MAGIC, &schema, genesis, &start, &first]).to_vec()
    }
}

fn io(error: io::Error) -> StoreError {
    StoreError::of_io(Path::new(BODIES_FILE), error)
}

const FILE_MAGIC: &[u8; 8] = b"toyblock";
const PRUNED_MAGIC: &[u8; 8] = b"toyprune";
const WHOLE: usize = 8 + 4 + 32 + CHECK;
const PRUNED: usize = WHOLE + 8 + 8;

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    fn file(bytes: &[u8]) -> InMemoryBackend {
        let file = InMemoryBackend::new();
        file.set_len(bytes.len() as u64).unwrap();
        file.write(0, bytes).unwrap();
        file
    }

    const HEAD: FileHead = FileHead { genesis: BlockHash::ZERO, start: 1_000, first: 9 };

    #[test]
    fn both_heads_are_read_as_they_were_written() {
        for head in [FileHead::whole(BlockHash::from_bytes([7; 32])), HEAD] {
            assert_eq!(FileHead::read(&file(&head.to_bytes())).unwrap(), Some(head));
        }
        assert_eq!((HEAD.to_bytes().len(), FileHead::whole(BlockHash::ZERO).to_bytes().len()), (64, 48));
        assert_eq!(FileHead::read(&file(&[0; 47])).unwrap(), None);
    }

    #[test]
    fn flipped_bit_in_a_head_is_found() {
        for head in [FileHead::whole(BlockHash::ZERO), HEAD] {
            let bytes = head.to_bytes();
            for bit in 0..8 * bytes.len() {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(FileHead::read(&file(&flipped)).is_err(), "bit {bit} of {head:?}");
            }
        }
        assert!(FileHead::read(&file(&HEAD.to_bytes()[..63])).is_err());
    }

    #[test]
    fn head_that_names_no_start_is_refused() {
        for head in [FileHead { start: 47, ..HEAD }, FileHead { start: 0, ..HEAD }] {
            assert!(FileHead::read(&file(&head.to_bytes())).is_err());
        }
    }

    #[test]
    fn offsets_below_the_start_have_no_place() {
        assert_eq!(HEAD.place_of(999), None);
        assert_eq!(HEAD.place_of(1_000), Some(64));
        assert_eq!(FileHead { start: 48, ..HEAD }.place_of(u64::MAX), None);
        assert_eq!(FileHead::whole(BlockHash::ZERO).place_of(5_000), Some(5_000));
    }
}

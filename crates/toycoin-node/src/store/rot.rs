//! Bit rot under a running store: the database's pages are compared with their checksums.
//!
//! The database compares them when it is opened, but not when it reads. A record that is found has a checksum of its
//! own, but a record that is not found proves nothing: the page that leads to it may be damaged. So before a missing
//! coin makes a block invalid, all pages are read from disk and compared.

use std::sync::Arc;

use redb::{Database, DatabaseError};
use toycoin_core::OutPoint;

use crate::store::{
    INDEX_FILE, RedbStore, StoreError,
    reader::Reader,
    record::damaged,
    tables::{BODIES_END_KEY, TIP_KEY, outpoint_key},
};

impl RedbStore {
    /// Compares all pages of the database with their checksums, because a coin was not found or a state root differs.
    pub(super) fn compare_pages(&mut self, missing: Option<&OutPoint>) -> Result<(), StoreError> {
        tracing::debug!(?missing, "comparing the database with its checksums");
        self.finish_writing()?;
        let before = self.head_bytes()?;
        // the database must have no reader during the comparison
        self.reader = None;
        let compared = self.database_alone()?.check_integrity();
        let rotten = |reason: &str| match missing {
            Some(outpoint) => damaged("coins", &outpoint_key(outpoint), format!("it cannot be found, and {reason}")),
            None => StoreError::damaged(INDEX_FILE, reason),
        };
        let is_clean = compared.map_err(|error| match error {
            DatabaseError::Storage(redb::StorageError::Corrupted(_)) => {
                rotten("pages of the database differ from their checksums")
            }
            error => error.into(),
        })?;
        self.reader = Some(Reader::new(&self.database)?);
        // bytes that hold no data may have been repaired without harm
        if !is_clean && self.head_bytes()? != before {
            return Err(rotten("the database was set back to an earlier state"));
        }
        Ok(())
    }

    /// Returns the database for what needs it alone, while no thread writes it.
    pub(super) fn database_alone(&mut self) -> Result<&mut Database, StoreError> {
        let in_use = || StoreError::Database("it is being written".into());
        Arc::get_mut(&mut self.database).ok_or_else(in_use)
    }

    fn head_bytes(&self) -> Result<[Option<Vec<u8>>; 2], StoreError> {
        let meta = &self.reader()?.meta;
        let value = |key| Ok::<_, StoreError>(meta.get(key)?.map(|bytes| bytes.value().to_vec()));
        Ok([value(TIP_KEY)?, value(BODIES_END_KEY)?])
    }
}

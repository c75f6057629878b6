//! Files in memory that outlast the store over them.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use redb::StorageBackend;
use toycoin_core::{Chain, ChainParams};
use toycoin_node::store::RedbStore;

/// The bytes of a file; clones are the same file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }
}

impl StorageBackend for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (bytes, at) = (self.bytes(), usize::try_from(offset).unwrap());
        let found = bytes.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.bytes().resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut bytes, at) = (self.bytes(), usize::try_from(offset).unwrap());
        let length = bytes.len().max(at + data.len());
        bytes.resize(length, 0);
        bytes[at..at + data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// The files of a store. Clones are the same files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    index: Memory,
    bodies: Memory,
}

impl Files {
    /// Opens the chain that they hold.
    pub(crate) fn chain(&self, params: &ChainParams) -> Chain<RedbStore> {
        let store = RedbStore::open_on(self.index.clone(), self.bodies.clone(), params).unwrap();
        Chain::open(params.clone(), store).unwrap()
    }

    /// Returns what a kill leaves.
    pub(crate) fn copy(&self) -> Self {
        let copy = |file: &Memory| Memory::new(file.bytes().clone());
        Self { index: copy(&self.index), bodies: copy(&self.bodies) }
    }
}

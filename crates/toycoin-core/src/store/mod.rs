//! The storage interface of a chain: [`MemoryStore`] here, a database elsewhere.

mod chain_store;
mod coins;
mod memory;
mod snapshot_root;
mod update;

pub use self::{
    chain_store::{ChainStore, StoredChain, WaitingTransaction},
    memory::MemoryStore,
    snapshot_root::SnapshotRoot,
    update::{BlockUndo, ChainUpdate, ConnectedUpdate},
};

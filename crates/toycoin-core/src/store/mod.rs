//! The storage interface of a chain: [`MemoryStore`] here, a database elsewhere.

mod chain_store;
mod memory;
mod update;

pub use self::{
    chain_store::{ChainStore, StoredChain, WaitingTransaction},
    memory::MemoryStore,
    update::{BlockUndo, ChainUpdate, ConnectedUpdate},
};

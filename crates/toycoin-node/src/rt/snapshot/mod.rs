//! Fetching a snapshot of the UTXO set, so that a new node begins there instead of at genesis.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use toycoin_core::ChainParams;
//! use toycoin_node::{NodeBuilder, RedbStore, SnapshotSync};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let params = ChainParams::lab();
//! let sync = SnapshotSync::new(params.clone()).relay("127.0.0.1:25000");
//! let begun = sync.run("chain".as_ref(), |progress| println!("{progress:?}")).await?;
//! println!("the node begins at height {}", begun.header.height);
//! let store = RedbStore::open("chain".as_ref(), &params)?;
//! let node = NodeBuilder::new(params).store(store).relay("127.0.0.1:25000").spawn().await?;
//! # Ok(())
//! # }
//! ```

mod driver;
mod error;
mod job;
mod sync;
mod validation;

pub use self::{
    driver::SnapshotProgress,
    error::SnapshotSyncError,
    job::run_snapshot_job,
    sync::SnapshotSync,
    validation::{Validation, ValidationError},
};

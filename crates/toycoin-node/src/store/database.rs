//! Transactions that write the database.

use redb::{Database, Durability, WriteTransaction};
use toycoin_core::BlockHash;

use crate::store::{
    SCHEMA, StoreError,
    record::seal_long,
    tables::{
        ACTIVE, BLOCKS, BODIES_END_KEY, COINS, FILTERS, GENESIS_KEY, META, OPENINGS, OWNERS, SCHEMA_KEY, TRANSACTIONS,
        WAITING,
    },
};

/// Begins a transaction with two-phase commit. The notes of redb recommend it where strangers choose the values, so
/// that none of them can forge a commit.
pub(super) fn begin_write(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_durability(Durability::Immediate).map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(transaction)
}

/// Creates the tables of an empty store.
pub(super) fn create_tables(database: &Database, genesis: BlockHash, bodies_end: u64) -> Result<(), StoreError> {
    let transaction = begin_write(database)?;
    create_tables_in(&transaction, genesis, bodies_end)?;
    Ok(transaction.commit()?)
}

/// Creates the tables of an empty store within a transaction.
pub(super) fn create_tables_in(
    transaction: &WriteTransaction,
    genesis: BlockHash,
    bodies_end: u64,
) -> Result<(), StoreError> {
    let mut meta = transaction.open_table(META)?;
    let mut put = |key: &str, value: &[u8]| -> Result<(), StoreError> {
        meta.insert(key, seal_long("meta", key.as_bytes(), value.to_vec()).as_slice())?;
        Ok(())
    };
    put(SCHEMA_KEY, &SCHEMA.to_le_bytes())?;
    put(GENESIS_KEY, genesis.as_bytes())?;
    put(BODIES_END_KEY, &bodies_end.to_le_bytes())?;
    transaction.open_table(BLOCKS)?;
    transaction.open_table(ACTIVE)?;
    transaction.open_table(OPENINGS)?;
    transaction.open_table(FILTERS)?;
    transaction.open_table(COINS)?;
    transaction.open_table(OWNERS)?;
    transaction.open_table(TRANSACTIONS)?;
    transaction.open_table(WAITING)?;
    Ok(())
}

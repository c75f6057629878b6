//! The values that identify a database.

use std::path::Path;

use toycoin_core::{BlockHash, ChainParams};

use crate::store::{
    SCHEMA, StoreError,
    record::Fields,
    tables::{BODIES_END_KEY, GENESIS_KEY, SCHEMA_KEY},
};

/// The values that identify a database.
pub(super) struct Head {
    schema: u32,
    genesis: BlockHash,
    bodies_end: u64,
}

impl Head {
    pub(super) fn parse<'a>(
        value: impl Fn(&str) -> Result<Option<Vec<u8>>, StoreError> + 'a,
    ) -> Result<Option<Self>, StoreError> {
        let Some(schema) = value(SCHEMA_KEY)? else { return Ok(None) };
        let schema = Fields::open("meta", SCHEMA_KEY.as_bytes(), &schema)?.u32()?;
        let read = |key: &str| {
            value(key)?.ok_or_else(|| StoreError::damaged(format!("record {key} of meta"), "it is missing"))
        };
        if schema > SCHEMA {
            // the rest of a newer format is unknown
            return Ok(Some(Self { schema, genesis: BlockHash::ZERO, bodies_end: 0 }));
        }
        let genesis = BlockHash::from_bytes(Fields::open("meta", GENESIS_KEY.as_bytes(), &read(GENESIS_KEY)?)?.take()?);
        let bodies_end = Fields::open("meta", BODIES_END_KEY.as_bytes(), &read(BODIES_END_KEY)?)?.u64()?;
        Ok(Some(Self { schema, genesis, bodies_end }))
    }

    /// Returns the end of the bodies' file, if this program and network can use the database.
    pub(super) fn end_of(&self, path: &Path, params: &ChainParams) -> Result<u64, StoreError> {
        let (path, expected) = (path.display().to_string(), params.genesis_hash());
        if self.schema > SCHEMA {
            return Err(StoreError::NewerSchema { path, found: self.schema, known: SCHEMA });
        }
        if self.genesis != expected {
            return Err(StoreError::OtherNetwork { path, found: self.genesis, expected });
        }
        if self.schema < SCHEMA {
            return Err(StoreError::OlderSchema { path, found: self.schema, known: SCHEMA });
        }
        Ok(self.bodies_end)
    }
}

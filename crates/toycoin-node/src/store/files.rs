//! The two files of a store, and the version of their format.

/// File name of the database.
pub const INDEX_FILE: &str = "chain.redb";
/// File name of the bodies and undo data.
pub const BODIES_FILE: &str = "blocks.dat";
/// Version of the format, for both files. Since 2, the database has the tables of openings and filters.
pub const SCHEMA: u32 = 2;

//! The wallet without a chain: it asks full nodes for proofs and filters, and keeps what concerns its key.

pub mod arguments;
pub mod confirming;
pub mod joining;
pub mod kept;
pub mod state_file;
pub mod wallet;

//! The commands, those that belong together in one file.

pub mod addresses;
pub mod balance;
pub mod history;
pub mod importing;
pub mod labels;
pub mod looking;
pub mod making;
pub mod messages;
pub mod offline;
pub mod paying;
pub mod receipts;
pub mod rescanning;
pub mod sending;

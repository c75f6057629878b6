//! A person with sealed wallets, and what their program says.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

mod keeper;
mod outcome;
mod scene;
mod terminal;

pub(crate) use keeper::{Keeper, PASSPHRASE};
pub(crate) use outcome::Outcome;
pub(crate) use scene::{Scene, node};
pub(crate) use terminal::Terminal;

//! Compact blocks: a block whose payments the receiver most likely has, in 3 % of its bytes.
//!
//! A compact block has 6 bytes in place of each payment. The receiver looks for them among the payments that wait in its
//! mempool, and asks for those that it lacks. The Merkle root in the header shows whether it found the right ones.
//!
//! ```
//! use toycoin_core::{
//!     ChainParams,
//!     compact::{CompactBlock, Rebuild},
//! };
//!
//! let block = ChainParams::regtest().genesis().clone();
//! let compact = CompactBlock::of(&block, 7);
//! let mut rebuild = Rebuild::begin(compact)?;
//! rebuild.know([])?;
//! assert_eq!(rebuild.missing(), [], "genesis has no payments");
//! assert_eq!(rebuild.finish()?.block(), &block);
//! # Ok::<(), toycoin_core::compact::RebuildError>(())
//! ```
//!
//! It is BIP152 with the differences that docs/protocol.md lists: no version, and no payments sent ahead.

mod block;
mod rebuild;
mod short_ids;
#[cfg(test)]
mod tests;

pub use self::{
    block::{CompactBlock, ShortId},
    rebuild::{FillError, Rebuild, RebuildError},
    short_ids::ShortIds,
};

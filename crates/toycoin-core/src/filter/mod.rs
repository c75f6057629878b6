//! Block filters: what a light client reads of a block to know whether the block concerns it.
//!
//! A wallet without the chain has to find its payments, and must not say which keys it looks for. So a server sends
//! for each block a small set, and the wallet compares its own keys and coins with it. A hit means: fetch the block.
//!
//! ```text
//!   items    each owner that the block pays, each coin that it spends; every item once
//!   values   x = first 8 bytes, little-endian, of H_filter(block hash | item);   value = x * (n * M) >> 64
//!   coded    the values in ascending order, as differences:   difference >> 19 ones │ 0 │ its 19 low bits
//! ```
//!
//! That is the Golomb coded set of BIP158, with its parameters: an item takes about 21 bits, and a filter matches an
//! item that is not in it once in [`M`] times. A filter follows from its block alone. So whoever has the block can
//! check it, and of two servers whose filters differ one lied.
//!
//! ```
//! use toycoin_core::{ChainParams, SecretKey, filter::{BlockFilter, FilterItem}};
//!
//! let genesis = ChainParams::regtest().genesis().clone();
//! let filter = BlockFilter::of(&genesis);
//! let paid = SecretKey::classroom(0).public_key();
//! let stranger = SecretKey::classroom(1_000).public_key();
//! assert_eq!(filter.matches(&[FilterItem::Owner(stranger), FilterItem::Owner(paid)]), Ok(true));
//! assert_eq!(filter.matches(&[FilterItem::Owner(stranger)]), Ok(false));
//! ```

mod bits;
mod block_filter;
mod coding;
mod item;
#[cfg(test)]
mod tests;

pub use self::{
    block_filter::BlockFilter,
    coding::{FilterError, M, P},
    item::FilterItem,
};

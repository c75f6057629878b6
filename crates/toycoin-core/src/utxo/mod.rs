//! The UTXO set: the coins, which are the outputs that no transaction has spent yet, and changes to it.
//!
//! ```text
//!   UtxoView ◀── Overlay { base: &UtxoView, diff: UtxoDiff }      the set after a change that is not applied yet
//!   UtxoDiff     spent | created                                  what blocks change, composed and inverted
//! ```

mod coin;
mod coin_list;
mod diff;
mod overlay;
#[cfg(test)]
pub(crate) mod samples;
mod view;

pub use self::{coin::Coin, diff::UtxoDiff, overlay::Overlay, view::UtxoView};

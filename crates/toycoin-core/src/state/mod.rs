//! The state that a header commits to: the UTXO set, the number of coins, the money issued, and all ancestors.
//!
//! ```text
//! state_root = H_state( digest of the coins | coin count u64 | issued grains u64 | root over the ancestors )
//! ```
//!
//! A snapshot of the UTXO set can be checked against one header. The supply can be audited exactly, because `issued`
//! always equals the sum of all coins. A light client can prove ancestry. The hash shows that two UTXO sets are equal,
//! but not whether a coin is in one.

mod ancestors;
mod chain_state;
mod deltas;
mod lthash;
mod prepared;

pub(crate) use self::{ancestors::leaf as ancestor_leaf, deltas::add_delta, prepared::Prepared};
pub use self::{
    ancestors::{AncestorProof, Ancestors, MergedPeaks},
    chain_state::ChainState,
    deltas::Deltas,
    lthash::{BYTES as LTHASH_BYTES, LtHash},
};

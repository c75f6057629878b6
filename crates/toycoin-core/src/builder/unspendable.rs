//! Why a named coin cannot be spent.

use thiserror::Error;

use crate::digest::Txid;

/// The reason why a coin that somebody named cannot be spent. Its text follows the coin's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unspendable {
    /// The coin does not exist, or belongs to somebody else.
    #[error("is not one of this wallet's coins; name one that the wallet lists")]
    NotOwned,
    /// A transaction of the active chain spends it.
    #[error("was spent by the confirmed payment {by}; name another coin")]
    Spent {
        /// The transaction that spends it.
        by: Txid,
    },
    /// A pending payment of this wallet spends it.
    #[error("is reserved for the pending payment {by}; replace or cancel that payment, or name another coin")]
    Reserved {
        /// The pending payment that spends it.
        by: Txid,
    },
    /// It is a reward that coinbase maturity does not let go yet.
    #[error("is an immature reward, which can be spent from block {spendable_at} on; name another coin until then")]
    Immature {
        /// The height of the first block in which it can be spent.
        spendable_at: u64,
    },
    /// It is the change of a pending payment, and the wallet may not spend that, or too many payments wait in a row.
    #[error("is the change of payment {payment}, which no block holds yet; wait for its confirmation")]
    Unconfirmed {
        /// The pending payment that creates it.
        payment: Txid,
    },
}

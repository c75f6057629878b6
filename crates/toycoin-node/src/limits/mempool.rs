//! Bounds on the mempool: size, package limit, replace-by-fee, orphan pool.

/// Most bytes of transactions in the mempool, by formula: 20 MB.
pub const MEMPOOL_BYTES: u64 = 20_000_000;

/// Package limit: most unconfirmed ancestors of a transaction, and most descendants.
pub const MEMPOOL_RELATIVES: usize = 25;

/// Most unconfirmed ancestors of a transaction that returns from a disconnected block. These are twenty blocks' worth
/// of [`MEMPOOL_RELATIVES`], so that no payment is dropped for a chain that was mined before.
pub const RETURNING_ANCESTORS: usize = 500;

/// Most coins whose spender is remembered while the tip moves, for the reason of a drop: about 40 full blocks' worth,
/// some 20 MB. For further coins the reason is only that they are gone.
pub const REMEMBERED_SPENDS: usize = 200_000;

/// More transactions than any block holds. The order of returning transactions counts in steps of this number.
pub const MAX_TRANSACTIONS_A_BLOCK: usize = 1 << 20;

/// Number of packages in a row that do not fit into a block template before selection ends.
pub const SELECTION_MISFITS: usize = 1_000;

/// Most transactions that one can replace (replace-by-fee), descendants included.
pub const REPLACED: usize = 100;

/// Most transactions on one page of the mempool.
pub const MEMPOOL_PAGE: usize = 1_000;

/// Bytes of transactions, by formula, at which a page of the mempool ends: 1 MB. The transaction that crosses the bound
/// is included.
pub const MEMPOOL_PAGE_BYTES: u64 = 1_000_000;

/// Most transactions in the orphan pool.
pub const ORPHANS: usize = 100;

/// Most transactions per peer in the orphan pool.
pub const ORPHANS_A_PEER: usize = 25;

/// Most refused transactions that are remembered.
pub const REFUSED_TRANSACTIONS: usize = 1_000;

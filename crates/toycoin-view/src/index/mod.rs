//! Indexes over the nodes' chains, in memory: address history, spenders, transactions of stale blocks.
//!
//! ```text
//!   request ──▶ Indexes ──▶ NodeIndex of the node that is asked     ChainIndex   outputs, spenders, owners
//!                               │                                    MempoolIndex  payments that wait
//!                               └── catches up first: Request::Since, Listing
//! ```
//!
//! An index is made when a node is asked for the first time, and follows its chain before each answer. So it never lags
//! behind the node's chain, a reorganisation undoes what it must, and a chain that was reset is read again from genesis.
//! It grows with the chain, by about 300 bytes for each output, and with the mempool, which is bounded. The mempool may
//! be that of a moment ago ([`MEMPOOL_INTERVAL`](crate::limits::MEMPOOL_INTERVAL)).
//!
//! One request takes an index at most 64 steps of 64 blocks further. A longer chain is caught up with by several
//! requests; those before the last get status 503, and say at which height the index is.

mod chain;
mod indexes;
mod listing;
mod mempool;
mod node;
mod owner;
mod stale;

pub(crate) use self::{
    chain::{ChainIndex, IndexedBlock},
    indexes::Indexes,
    listing::{Entries, Listing},
    mempool::{MempoolIndex, Waiting},
    node::NodeIndex,
    owner::{Owner, Totals},
};

//! Indexes over the nodes' chains, in memory: address history, spenders, transactions of stale blocks.
//!
//! ```text
//!   request ──▶ Indexes ──▶ NodeIndex of the node that is asked     ChainIndex   outputs, spenders, owners
//!                               │                                    MempoolIndex  payments that wait
//!                               └── catches up first: Request::Since, Request::Mempool
//! ```
//!
//! An index is made when a node is asked for the first time, and follows its chain before each answer. So it never lags
//! behind the node, a reorganisation undoes what it must, and a chain that was reset is read again from genesis. It
//! grows with the chain: about 300 bytes for each output.

mod chain;
mod indexes;
mod mempool;
mod node;
mod owner;
mod stale;

pub(crate) use self::{
    chain::{ChainIndex, IndexedBlock},
    indexes::Indexes,
    mempool::{MempoolIndex, Waiting},
    node::NodeIndex,
    owner::{Owner, Totals},
};

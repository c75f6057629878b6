//! The JSON API: what nodes know, to be read. Esplora's paths and shapes where it has them, ours under `/api/v1`.
//!
//! Each answer is made from one node's viewpoint, node 0's without `?node=N`. A block or transaction that is named by
//! its hash is looked up at every node, so that the blocks of a lost branch can be read too.

mod addresses;
mod blocks;
mod broadcast;
mod cached;
mod fees;
mod health;
mod mempool;
mod network;
mod params;
mod router;
mod shapes;
mod source;
#[cfg(test)]
mod tests;
mod transactions;

pub(crate) use self::{network::statuses, router::router};

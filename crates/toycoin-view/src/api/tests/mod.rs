//! Tests of the API over nodes that run.

mod addresses;
mod blocks;
mod branches;
mod description;
mod mempool;
mod metrics;
mod pruned;
#[path = "../../../../toycoin-node/tests/sockets/reserved_port.rs"]
mod reserved_port;
mod simulated;
mod site;
mod strangers;
mod transactions;

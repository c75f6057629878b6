//! Every bound of this crate: queues, tables and times that a stranger could otherwise stretch.
//!
//! Each file has the bounds of one part. All of them are used as `limits::NAME`.

mod answers;
mod blocks;
mod bodies;
mod clocks;
mod compact;
mod connection;
mod headers;
mod light;
mod logs;
mod mempool;
mod mesh;
mod mining;
mod peering;
mod peers;
mod relay;
mod requests;
mod runtime;
mod sources;
mod statuses;
mod store;
mod transactions;
mod transport;
mod unwritten;

pub use self::{
    answers::*, blocks::*, bodies::*, clocks::*, compact::*, connection::*, headers::*, light::*, logs::*, mempool::*,
    mesh::*, mining::*, peering::*, peers::*, relay::*, requests::*, runtime::*, sources::*, statuses::*, store::*,
    transactions::*, transport::*, unwritten::*,
};
